#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/cli/commands.h"
#include "genesis/cli/run_folder.h"
#include "genesis/cli/run_report.h"
#include "genesis/program/language.h"
#include "genesis/run/evolution_run.h"
#include "genesis/run/publisher.h"
#include "genesis/store/run_lock.h"

namespace genesis::cli {
namespace {

using nlohmann::json;

Result<std::vector<std::int64_t>> chosen_generations(const ExportOptions& options,
                                                     store::StoreReader& reader) {
  std::vector<std::int64_t> chosen;
  if (options.generation) {
    GENESIS_TRY(reader.program(*options.generation));
    chosen.push_back(*options.generation);
  } else if (options.all) {
    GENESIS_TRY(reader.for_each_program([&](const store::ProgramRecord& program) {
      chosen.push_back(program.generation);
      return true;
    }));
  } else {
    GENESIS_TRY_ASSIGN(const auto top, reader.top(options.top.value_or(1)));
    for (const store::ProgramRecord& program : top) chosen.push_back(program.generation);
  }
  return chosen;
}

/// A stored JSON text as a value; what is no JSON stays a text.
json parsed(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

json metrics_of(const store::ProgramRecord& record) {
  json metrics = parsed(record.extra_json);
  if (!metrics.is_object()) metrics = json::object();
  metrics["combined_score"] = record.score;
  metrics["public"] = parsed(record.public_json);
  metrics["private"] = parsed(record.private_json);
  metrics["text_feedback"] = record.text_feedback;
  return metrics;
}

Status write_json(const fs::path& file, const json& value) {
  return write_file(file, value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

/// gen_<n>/ as the runner publishes it, from the store alone: logs and extra result files are not
/// in the store.
Status export_one(store::StoreReader& reader, std::int64_t generation, const std::string& extension,
                  const fs::path& folder) {
  GENESIS_TRY_ASSIGN(const store::ProgramRecord record, reader.program(generation));
  GENESIS_TRY_ASSIGN(const Program program, reader.source(generation));
  const fs::path target = folder / generation_folder(generation);
  if (record.parent >= 0) {
    GENESIS_TRY_ASSIGN(const Program parent, reader.source(record.parent));
    GENESIS_TRY(run::write_generation(program, &parent, extension, target));
  } else {
    GENESIS_TRY(run::write_generation(program, nullptr, extension, target));
  }
  GENESIS_TRY(make_directories(target / "results"));
  GENESIS_TRY(write_json(target / "results" / "metrics.json", metrics_of(record)));
  return write_json(target / "results" / "correct.json",
                    {{"correct", record.correct},
                     {"error", record.error.empty() ? json(nullptr) : json(record.error)}});
}

std::string extension_of(const fs::path& run) {
  const auto spec = run::load_run_spec(run);
  const Language* language = spec ? find_language(spec->evo.language) : nullptr;
  return language != nullptr ? language->extension : "txt";
}

struct Doomed {
  fs::path folder;
  std::uint64_t bytes = 0;
};

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    std::error_code ignored;
    if (!it->is_symlink(ignored) && it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

/// The number of "gen_<n>", or -1.
std::int64_t generation_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t number = -1;
  if (name.rfind("gen_", 0) != 0) return -1;
  const char* end = name.data() + name.size();
  const auto parsed_to = std::from_chars(name.data() + 4, end, number);
  return parsed_to.ec == std::errc() && parsed_to.ptr == end ? number : -1;
}

std::vector<Doomed> list_doomed(const fs::path& run, const std::set<std::int64_t>& kept,
                                bool keep_all, bool finished) {
  std::vector<Doomed> doomed;
  std::error_code failure;
  for (fs::directory_iterator it(run, failure), end; !failure && it != end; it.increment(failure)) {
    std::error_code ignored;
    if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
    const std::int64_t generation = generation_of(it->path());
    const bool generation_goes = generation >= 0 && !keep_all && kept.count(generation) == 0;
    // Unfinished evaluations of a stopped run are found again at its next start: they stay.
    const bool leftover = finished && it->path().filename() == "evaluations";
    if (generation_goes || leftover) doomed.push_back({it->path(), bytes_below(it->path())});
  }
  std::sort(doomed.begin(), doomed.end(),
            [](const Doomed& a, const Doomed& b) { return a.folder < b.folder; });
  return doomed;
}

bool confirmed() {
  if (::isatty(STDIN_FILENO) != 1) return false;
  fmt::print("Delete them? [y/N] ");
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

Result<std::set<std::int64_t>> kept_generations(store::StoreReader& reader,
                                                const std::string& keep) {
  std::set<std::int64_t> kept;
  GENESIS_TRY_ASSIGN(const auto best, reader.best());
  if (best) kept.insert(best->generation);
  if (keep == "improvements") {
    GENESIS_TRY_ASSIGN(const auto improvements, reader.improvements());
    for (const store::ProgramRecord& program : improvements) kept.insert(program.generation);
    kept.insert(0);
  }
  return kept;
}

}  // namespace

Outcome export_programs(const ExportOptions& options) {
  GENESIS_TRY_ASSIGN(const fs::path run, resolve_run(options.run));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(run));
  GENESIS_TRY_ASSIGN(const auto chosen, chosen_generations(options, *reader));
  if (chosen.empty()) {
    return make_error(ErrorKind::not_found,
                      fmt::format("{}: no correct program is recorded yet", run.string()));
  }
  const std::string extension = extension_of(run);
  for (const std::int64_t generation : chosen) {
    GENESIS_TRY(export_one(*reader, generation, extension, options.folder));
  }
  fmt::print("{} program{} written to {}\n", chosen.size(), chosen.size() == 1 ? "" : "s",
             options.folder);
  return ExitCode::ok;
}

Outcome prune_run(const std::string& run, const std::string& keep, bool yes) {
  GENESIS_TRY_ASSIGN(const fs::path folder, resolve_run(run));
  // As the run's owner nobody else publishes or resumes meanwhile.
  GENESIS_TRY_ASSIGN(const auto lock, store::RunLock::acquire(folder));
  GENESIS_TRY_ASSIGN(const auto reader, open_reader(folder));
  GENESIS_TRY_ASSIGN(const auto kept, kept_generations(*reader, keep));
  const json status = parsed(reader->state("status").value_or("null"));
  const bool finished = status.is_object() && status.value("state", "") == "finished";
  const auto doomed = list_doomed(folder, kept, keep == "all", finished);
  if (doomed.empty()) {
    fmt::print("{}: nothing to delete\n", folder.string());
    return ExitCode::ok;
  }
  std::uint64_t bytes = 0;
  for (const Doomed& one : doomed) {
    fmt::print("  {}  {}\n", one.folder.string(), format_bytes(one.bytes));
    bytes += one.bytes;
  }
  fmt::print("{} folder{}, {}; every program stays in the store (genesis export writes it again)\n",
             doomed.size(), doomed.size() == 1 ? "" : "s", format_bytes(bytes));
  if (!yes && !confirmed()) {
    fmt::print("nothing deleted; --yes deletes\n");
    return ExitCode::ok;
  }
  for (const Doomed& one : doomed) {
    std::error_code failure;
    fs::remove_all(one.folder, failure);
    if (failure) return errno_error("delete", one.folder.string(), failure.value());
  }
  fmt::print("deleted\n");
  return ExitCode::ok;
}

}  // namespace genesis::cli
