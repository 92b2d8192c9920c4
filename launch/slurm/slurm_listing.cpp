#include "launch/slurm/slurm_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

std::optional<int> count_of(std::string_view text) {
  int value = 0;
  text = trim(text);
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = failure == std::errc() && end == text.data() + text.size() && value >= 0;
  return all ? std::optional(value) : std::nullopt;
}

std::string known(std::string_view text) {
  text = trim(text);
  return text == "N/A" || text == "(null)" ? std::string() : to_valid_utf8(text);
}

/// "Key=value" words of a line, values without spaces.
std::string_view word_of(std::string_view line, std::string_view key) {
  for (const std::string_view word : split(line, ' ')) {
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      return word.substr(key.size() + 1);
    }
  }
  return {};
}

/// "Key   = value" lines.
std::string_view line_of(std::string_view text, std::string_view key) {
  for (const std::string_view line : split_lines(text)) {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos && trim(line.substr(0, equals)) == key) {
      return trim(line.substr(equals + 1));
    }
  }
  return {};
}

bool is_a_limit(std::string_view text) {
  return !text.empty() && text != "UNLIMITED" && text != "(null)" && text != "0";
}

}  // namespace

std::vector<JobRow> parse_listing(std::string_view output) {
  constexpr std::size_t kFields = 14;
  std::vector<JobRow> rows;
  for (const std::string_view line : split_lines(output)) {
    std::array<std::string_view, kFields> words;
    std::string_view rest = line;
    std::size_t found = 0;
    while (found + 1 < kFields) {
      const std::size_t bar = rest.find('|');
      if (bar == std::string_view::npos) break;
      words[found++] = rest.substr(0, bar);
      rest.remove_prefix(bar + 1);
    }
    if (found + 1 < kFields || !is_job_id(words[0])) continue;
    words[found] = rest;
    JobRow& row = rows.emplace_back();
    row.id = words[0];
    row.state_name = to_valid_utf8(trim(words[1]));
    row.state = job_state_from(words[1]);
    row.reason = to_valid_utf8(trim(words[2]));
    row.partition = known(words[3]);
    row.nodes = known(words[4]);
    row.submitted = known(words[5]);
    row.start = known(words[6]);
    row.used = known(words[7]);
    row.limit = known(words[8]);
    row.cpus = count_of(words[9]).value_or(0);
    row.node_count = count_of(words[10]).value_or(0);
    row.memory = known(words[11]);
    row.name = to_valid_utf8(words[12]);
    row.work_dir = std::string(words[13]);
  }
  return rows;
}

std::vector<PartitionRow> parse_partitions(std::string_view output) {
  std::vector<PartitionRow> rows;
  for (const std::string_view line : split_lines(output)) {
    const std::string_view name = word_of(line, "PartitionName");
    if (name.empty() || !line.starts_with("PartitionName=")) continue;
    PartitionRow& row = rows.emplace_back();
    row.name = to_valid_utf8(name);
    row.is_default = word_of(line, "Default") == "YES";
    row.state = to_valid_utf8(word_of(line, "State"));
    row.max_time = to_valid_utf8(word_of(line, "MaxTime"));
    row.default_time = to_valid_utf8(word_of(line, "DefaultTime"));
    row.max_nodes = to_valid_utf8(word_of(line, "MaxNodes"));
    const std::string_view per_cpu = word_of(line, "DefMemPerCPU");
    const std::string_view per_node = word_of(line, "DefMemPerNode");
    if (is_a_limit(per_cpu)) {
      row.default_memory = to_valid_utf8(per_cpu) + " MB per processor";
    } else if (is_a_limit(per_node)) {
      row.default_memory = to_valid_utf8(per_node) + " MB per node";
    }
    row.total_nodes = count_of(word_of(line, "TotalNodes")).value_or(0);
    row.total_cpus = count_of(word_of(line, "TotalCPUs")).value_or(0);
  }
  return rows;
}

std::optional<SiteConfig> parse_site_config(std::string_view output) {
  SiteConfig site;
  site.cluster = to_valid_utf8(line_of(output, "ClusterName"));
  site.version = parse_version(line_of(output, "SLURM_VERSION"));
  site.max_array_size = count_of(line_of(output, "MaxArraySize"));
  // A scheduler's own limit may be lower.
  for (const std::string_view word : split(line_of(output, "SchedulerParameters"), ',')) {
    constexpr std::string_view kTasks = "max_array_tasks=";
    if (!trim(word).starts_with(kTasks)) continue;
    const auto tasks = count_of(trim(word).substr(kTasks.size()));
    if (tasks) site.max_array_size = std::min(site.max_array_size.value_or(*tasks), *tasks);
  }
  site.max_job_count = count_of(line_of(output, "MaxJobCount"));
  site.accounting = to_valid_utf8(line_of(output, "AccountingStorageType"));
  if (site.cluster.empty() && !site.max_array_size) return std::nullopt;
  return site;
}

std::string parse_version(std::string_view output) {
  for (const std::string_view line : split_lines(output)) {
    for (const std::string_view word : split(trim(line), ' ')) {
      const bool numbers = !word.empty() && word[0] >= '0' && word[0] <= '9' &&
                           word.find('.') != std::string_view::npos;
      if (numbers) return to_valid_utf8(word.substr(0, 64));
    }
  }
  return {};
}

std::optional<std::string> parse_test_only(std::string_view output) {
  constexpr std::string_view kBefore = " to start at ";
  for (const std::string_view line : split_lines(output)) {
    const std::size_t at = line.find(kBefore);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = line.substr(at + kBefore.size());
    const std::string_view time = rest.substr(0, rest.find(' '));
    if (time.size() >= 10 && time[4] == '-') return to_valid_utf8(time.substr(0, 32));
  }
  return std::nullopt;
}

std::optional<long long> listed_seconds(std::string_view text) {
  text = trim(text);
  long long days = 0;
  const auto number = [](std::string_view digits) -> std::optional<long long> {
    const bool plain = !digits.empty() && digits.size() <= 9 &&
                       digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!plain) return std::nullopt;
    long long value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto given = number(text.substr(0, dash));
    if (!given) return std::nullopt;
    days = *given;
    text.remove_prefix(dash + 1);
  }
  long long seconds = 0;
  const auto parts = split(text, ':');
  if (parts.size() > 3) return std::nullopt;
  for (const std::string_view part : parts) {
    const auto given = number(part);
    if (!given) return std::nullopt;
    seconds = seconds * 60 + *given;
  }
  return days * 86'400 + seconds;
}

bool lacks_configuration(std::string_view errors) {
  for (const char* said :
       {"Could not establish a configuration source", "failed to fetch config",
        "DNS SRV lookup failed", "cannot stat file", "Unable to process configuration file",
        "Unable to process slurm.conf"}) {
    if (errors.find(said) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace genesis::launch::slurm
