#include "genesis/warm_start/program_source.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluators/json_fields.h"
#include "genesis/base/files.h"
#include "genesis/warm_start/openevolve_source.h"
#include "genesis/warm_start/run_source.h"
#include "genesis/warm_start/shinka_source.h"

namespace genesis::warm_start {
namespace {

constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The store that a run's folder points to.
Result<fs::path> store_of_run(const fs::path& folder) {
  GENESIS_TRY_ASSIGN(const std::string text, read_file(folder / ".genesis" / "run.json", 1 << 20));
  const auto pointer = nlohmann::json::parse(text, nullptr, false);
  if (!pointer.is_object() || !pointer.contains("store") || !pointer["store"].is_string()) {
    return make_error(ErrorKind::parse,
                      fmt::format("'{}/.genesis/run.json' is damaged", folder.string()));
  }
  const fs::path stored = pointer["store"].get<std::string>();
  if (!stored.is_absolute()) return folder / stored;
  return !is_there(stored) && is_there(folder / "run.sqlite") ? folder / "run.sqlite" : stored;
}

Result<std::unique_ptr<ProgramSource>> open_file(const fs::path& file) {
  std::array<char, 72> header{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(header.data(), header.size());
  const std::string_view begin(header.data(), static_cast<std::size_t>(stream.gcount()));
  if (!begin.starts_with(kSqliteMagic)) {
    return make_error(ErrorKind::parse,
                      fmt::format("'{}' is no SQLite database; name programs.sqlite of "
                                  "ShinkaEvolve, a checkpoint folder of OpenEvolve or a run",
                                  file.string()));
  }
  // ShinkaEvolve leaves the application id alone, ours is set.
  const bool has_application_id =
      begin.size() == header.size() && begin.substr(68, 4) != std::string_view("\0\0\0\0", 4);
  return has_application_id ? open_run(file) : open_shinka(file);
}

/// The checkpoint with the highest number.
std::optional<fs::path> last_checkpoint(const fs::path& folder) {
  constexpr std::string_view kPrefix = "checkpoint_";
  std::optional<fs::path> last;
  std::int64_t highest = -1;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    const std::string name = it->path().filename().string();
    std::int64_t number = -1;
    if (!name.starts_with(kPrefix)) continue;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
    if (number <= highest || !is_there(it->path() / "programs")) continue;
    highest = number;
    last = it->path();
  }
  return last;
}

Result<std::unique_ptr<ProgramSource>> open_folder(const fs::path& folder) {
  if (is_there(folder / ".genesis" / "run.json")) {
    GENESIS_TRY_ASSIGN(const fs::path store, store_of_run(folder));
    return open_run(store);
  }
  for (const char* name : {"programs.sqlite", "evolution_db.sqlite"}) {
    if (is_there(folder / name)) return open_shinka(folder / name);
  }
  if (is_there(folder / "programs")) return open_openevolve(folder);
  for (const fs::path& place : {folder / "checkpoints", folder}) {
    if (const auto checkpoint = last_checkpoint(place)) return open_openevolve(*checkpoint);
  }
  return make_error(
      ErrorKind::not_found,
      fmt::format("'{}' holds no programs that are known: no programs.sqlite (ShinkaEvolve), no "
                  "programs/ or checkpoints/ (OpenEvolve), no run of Genesis",
                  folder.string()));
}

}  // namespace

Result<std::unique_ptr<ProgramSource>> open_source(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return open_folder(path);
  if (fs::is_regular_file(path, ignored)) return open_file(path);
  return make_error(ErrorKind::not_found,
                    fmt::format("'{}' is no file and no folder", path.string()));
}

std::optional<std::string> compact_object(std::string_view text) {
  if (text.size() > kMaxNoteBytes) return std::nullopt;
  // One level more, because the reader hands over fields.
  const std::string wrapped = fmt::format("{{\"object\":{}}}", text);
  std::optional<std::string> object;
  int fields = 0;
  const Status read = evaluators::read_json_object(
      wrapped, [&](std::string_view key, const evaluators::JsonValue& value) -> Status {
        ++fields;
        if (key == "object" && value.kind == evaluators::JsonKind::object) object = value.compact;
        return {};
      });
  return read && fields == 1 ? object : std::nullopt;
}

}  // namespace genesis::warm_start
