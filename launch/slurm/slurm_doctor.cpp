#include "launch/slurm/slurm_doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "genesis/base/text.h"
#include "genesis/process/spawn.h"
#include "launch/slurm/slurm_ask.h"

namespace genesis::launch::slurm {

namespace {

constexpr std::chrono::seconds kPatience{15};
constexpr const char* kGoElsewhere =
    "start the run where sbatch works (a login node), or use cluster=local";

DoctorLine commands_line(const SiteFacts& facts) {
  DoctorLine line;
  line.what = "SLURM's commands";
  line.ok = facts.missing_commands.empty();
  line.found = line.ok ? "sbatch, squeue, scontrol, scancel"
                       : "missing: " + join(facts.missing_commands, ", ");
  if (!line.ok) line.remedy = "start the run where sbatch works (a login node), for cluster=remote";
  return line;
}

DoctorLine configuration_line(const SiteFacts& facts) {
  DoctorLine line;
  line.what = "SLURM's configuration";
  if (!facts.missing_file.empty()) {
    line.ok = false;
    line.required = true;
    line.found = fmt::format("SLURM_CONF={}: cannot be read", facts.missing_file);
    line.remedy = "unset SLURM_CONF, or let it name the cluster's slurm.conf";
  } else if (facts.no_configuration) {
    line.ok = false;
    line.found = "none: this machine belongs to no cluster";
    line.remedy = "go to a machine of the cluster, or set SLURM_CONF to its slurm.conf";
  } else {
    const char* named = std::getenv("SLURM_CONF");
    line.found = named != nullptr && *named != '\0' ? fmt::format("SLURM_CONF={}", named)
                                                    : "where SLURM looks for it";
  }
  return line;
}

DoctorLine controller_line(const SiteFacts& facts) {
  DoctorLine line;
  line.what = "SLURM's controller";
  line.required = true;
  line.ok = facts.site.has_value();
  if (line.ok) {
    line.found = fmt::format("answers for cluster {}", facts.site->cluster);
  } else {
    line.found =
        facts.controller_failure.empty() ? "said what cannot be read" : facts.controller_failure;
    line.remedy =
        "scontrol ping says whether it is up; a run waits for it and submits nothing meanwhile";
  }
  return line;
}

/// "22.05.8" as 2205; 0 where it is no version.
int release_of(const std::string& version) {
  const auto parts = split(version, '.');
  if (parts.size() < 2) return 0;
  const int major = std::atoi(std::string(parts[0]).c_str());
  const int minor = std::atoi(std::string(parts[1]).c_str());
  return major > 0 && major < 100 && minor >= 0 && minor < 100 ? major * 100 + minor : 0;
}

DoctorLine version_line(const SiteConfig& site) {
  constexpr int kOldest = 2011;
  DoctorLine line;
  line.what = "SLURM's version";
  line.found = site.version.empty() ? "unknown" : site.version;
  const int release = release_of(site.version);
  if (release > 0 && release < kOldest) {
    line.ok = false;
    line.remedy =
        "older than 20.11, which is the first whose steps may share a job's processors "
        "(srun --overlap); nothing older is tested";
  }
  return line;
}

std::string partition_words(const PartitionRow& row) {
  return fmt::format("{}{} ({}, time {}, {} nodes)", row.name, row.is_default ? "*" : "", row.state,
                     row.max_time.empty() ? "?" : row.max_time, row.total_nodes);
}

DoctorLine partitions_line(const std::vector<PartitionRow>& partitions) {
  constexpr std::size_t kShown = 6;
  DoctorLine line;
  line.what = "partitions";
  line.required = true;
  std::vector<std::string> words;
  for (const PartitionRow& row : partitions) {
    if (words.size() < kShown) words.push_back(partition_words(row));
  }
  line.found = words.empty() ? "none that you may see" : join(words, ", ");
  if (partitions.size() > kShown)
    line.found += fmt::format(" and {} more", partitions.size() - kShown);
  const bool one_is_up = std::any_of(partitions.begin(), partitions.end(),
                                     [](const PartitionRow& row) { return row.state == "UP"; });
  const bool has_default = std::any_of(partitions.begin(), partitions.end(),
                                       [](const PartitionRow& row) { return row.is_default; });
  if (!one_is_up) {
    line.ok = false;
    line.remedy = "no partition starts jobs now: sinfo -s; ask your administrators";
  } else if (!has_default) {
    line.ok = false;
    line.required = false;
    line.remedy = "none is the default: set job_config.partition to one of them";
  }
  return line;
}

DoctorLine arrays_line(const SiteConfig& site) {
  DoctorLine line;
  line.what = "arrays";
  const int most = site.max_array_size.value_or(0);
  line.ok = most > 1;
  line.found = !site.max_array_size ? "MaxArraySize is not told"
               : line.ok            ? fmt::format("of at most {} tasks", most)
                                    : "switched off (MaxArraySize)";
  if (!line.ok) line.remedy = "slurm.mode=array submits jobs one by one here";
  return line;
}

DoctorLine accounting_line(const SiteFacts& facts) {
  DoctorLine line;
  line.what = "accounting (sacct)";
  const bool on = facts.site->has_accounting();
  line.ok = on && facts.accounting_failure.empty();
  line.found = !on ? "off" : line.ok ? "on" : facts.accounting_failure;
  if (!line.ok) {
    line.remedy =
        "runs work without it; how a job ended that its node never told is then known only "
        "for as long as the controller remembers jobs (MinJobAge)";
  }
  return line;
}

}  // namespace

std::vector<std::string> missing_commands() {
  const char* path = std::getenv("PATH");
  std::vector<std::string> missing;
  for (const char* name : {"sbatch", "squeue", "scontrol", "scancel"}) {
    if (!process::find_executable(name, path == nullptr ? "/usr/bin:/bin" : path)) {
      missing.emplace_back(name);
    }
  }
  return missing;
}

std::vector<DoctorLine> doctor_lines(const SiteFacts& facts) {
  std::vector<DoctorLine> lines{commands_line(facts)};
  if (!facts.missing_commands.empty()) return lines;
  lines.push_back(configuration_line(facts));
  if (!lines.back().ok) return lines;
  lines.push_back(controller_line(facts));
  if (!facts.site) return lines;
  lines.push_back(version_line(*facts.site));
  if (facts.partitions) lines.push_back(partitions_line(*facts.partitions));
  lines.push_back(arrays_line(*facts.site));
  lines.push_back(accounting_line(facts));
  return lines;
}

std::vector<DoctorLine> slurm_doctor() {
  SiteFacts facts;
  facts.missing_commands = missing_commands();
  if (!facts.missing_commands.empty()) return doctor_lines(facts);
  facts.missing_file = missing_configuration_file();
  if (!facts.missing_file.empty()) return doctor_lines(facts);
  const CommandEnd config = ask_and_wait({"scontrol", "show", "config"}, kPatience);
  facts.no_configuration = !config.succeeded() && lacks_configuration(config.output);
  if (config.succeeded()) {
    facts.site = parse_site_config(config.output);
  } else {
    facts.controller_failure = failure_of("scontrol", config).text;
  }
  if (!facts.site) return doctor_lines(facts);
  const CommandEnd partitions =
      ask_and_wait({"scontrol", "--oneliner", "show", "partition"}, kPatience);
  if (partitions.succeeded()) facts.partitions = parse_partitions(partitions.output);
  if (facts.site->has_accounting()) {
    const CommandEnd accounts = ask_and_wait(
        {"sacct", "--noheader", "--allocations", "--jobs=1", "--format=JobID"}, kPatience);
    if (!accounts.succeeded()) facts.accounting_failure = failure_of("sacct", accounts).text;
  }
  return doctor_lines(facts);
}

Status check_site() {
  if (const auto missing = missing_commands(); !missing.empty()) {
    return make_error(ErrorKind::not_found,
                      fmt::format("start the SLURM launcher: {} not found on PATH; {}",
                                  join(missing, ", "), kGoElsewhere));
  }
  if (const std::string missing = missing_configuration_file(); !missing.empty()) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("start the SLURM launcher: SLURM_CONF names '{}', which cannot be read; "
                    "unset it, or let it name the cluster's slurm.conf",
                    missing));
  }
  if (const char* named = std::getenv("SLURM_CONF"); named != nullptr && *named != '\0') return {};
  // Where it usually is; SLURM's own word is asked only where there is doubt.
  for (const char* usual : {"/etc/slurm/slurm.conf", "/run/slurm/conf/slurm.conf"}) {
    if (::access(usual, R_OK) == 0) return {};
  }
  const CommandEnd end = ask_and_wait({"scontrol", "--version"}, kPatience);
  if (end.succeeded() || !lacks_configuration(end.output)) return {};
  return make_error(
      ErrorKind::not_found,
      fmt::format("start the SLURM launcher: SLURM's commands find no configuration on this "
                  "machine (no slurm.conf, and SLURM_CONF is not set); {}; `genesis doctor "
                  "slurm` looks closer",
                  kGoElsewhere));
}

}  // namespace genesis::launch::slurm
