#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::evaluators {

/// What stat tells of a file. Equal stamps mean that nobody has written to it; the change time
/// cannot be set back, so that an old modification time proves nothing.
struct FileStamp {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileStamp&) const = default;
};
/// Follows links. Error `not_found` where there is nothing.
Result<FileStamp> stamp_of(const std::filesystem::path& path);

/// A file that scores depend on.
struct EvaluatorFile {
  std::string name;  ///< What it is to the evaluator, wherever the folders are: "evaluator/a.py".
  std::string path;  ///< Absolute.
  FileStamp stamp;
  std::string sha256;
  /// Written so recently that a second write might leave the stamp as it is.
  bool young = false;
};

/// A folder whose entries are among the files: another one in it changes its stamp.
struct EvaluatorFolder {
  std::string path;
  FileStamp stamp;
};

/// All that makes scores comparable: settings, files and their content.
struct EvaluatorManifest {
  std::string settings_sha256;       ///< Command, arguments, cascade.
  std::vector<EvaluatorFile> files;  ///< Sorted by name; paths are unique.
  std::vector<EvaluatorFolder> folders;

  /// SHA-256 over settings, names and contents.
  std::string hash() const;
};

/// What a manifest is made from.
struct IdentitySources {
  std::string settings;
  std::vector<std::filesystem::path> python;  ///< The evaluator; its own imports are followed.
  std::vector<std::filesystem::path> plain;   ///< Executables, other files named in the command.
  std::vector<std::string> data;              ///< job_config.evaluator_data, as written.
  std::filesystem::path cwd;
  /// Never part: the programs that the run starts from, and the run's own folder.
  std::vector<std::filesystem::path> excluded;
};

/// Looks at all of them and hashes what `known` does not know by the same stamp (and not young).
/// Errors: data that is not there, more than `kMostEvaluatorFiles`, unreadable files; each says
/// which and what to do. Blocking; any thread.
inline constexpr std::size_t kMostEvaluatorFiles = 10'000;
Result<EvaluatorManifest> look_at_evaluator(const IdentitySources& sources,
                                            const std::vector<EvaluatorFile>& known = {});

enum class EvaluatorChange {
  same,     ///< Every stamp as before.
  touched,  ///< Files were written, their content is as before.
  changed,
};
struct EvaluatorComparison {
  EvaluatorChange change = EvaluatorChange::same;
  /// The first difference, for people: "'/x/evaluate.py' has changed", "… is gone", "… is new".
  std::string what;
  std::int64_t since_ns = 0;  ///< When that file was written, or 0.
  std::size_t more = 0;       ///< Further differences.
};
/// Pure: what has happened between two looks.
EvaluatorComparison compare_evaluators(const EvaluatorManifest& before,
                                       const EvaluatorManifest& now);
/// "'/x/evaluate.py' has changed (written 2026-11-21T10:00:00Z), and 2 more"
std::string describe(const EvaluatorComparison& comparison);

/// A manifest as one line of JSON, for the store.
std::string encode_manifest(const EvaluatorManifest& manifest);
/// Kind `parse` for what is none.
Result<EvaluatorManifest> decode_manifest(std::string_view text);

}  // namespace genesis::evaluators
