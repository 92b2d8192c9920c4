#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

/// One file of a program. `path` is relative, with '/' between its parts, and never leaves the
/// program's folder.
struct SourceFile {
  std::string path;
  std::string text;
  bool operator==(const SourceFile&) const = default;
};

/// A set of source files with one primary file. Immutable by convention once stored; a value type.
/// Nothing may assume that there is only one file.
class Program {
 public:
  Program() = default;
  /// One-file program.
  Program(std::string path, std::string text);
  /// Refuses an empty set, duplicate or unsafe paths (absolute, "..", empty parts), and a primary
  /// that is not among the files. Files are kept sorted by path.
  static Result<Program> create(std::vector<SourceFile> files, std::string primary_path);

  const std::vector<SourceFile>& files() const { return files_; }
  const SourceFile& primary() const { return files_[primary_]; }
  const std::string& text() const { return primary().text; }
  bool empty() const { return files_.empty(); }

  /// The same program with another text in its primary file.
  Program with_text(std::string text) const;
  /// The same program with another text in the named file, which must exist.
  Result<Program> with_file(std::string_view path, std::string text) const;

  /// Equal keys mean equal files, literals kept: 32 hex digits. Computed anew at each call.
  std::string key() const;
  /// Bytes of all texts.
  std::size_t size() const;

  /// One string that holds all files, for the store; `decode` reads it back (kind `parse`).
  std::string encode() const;
  static Result<Program> decode(std::string_view encoded);

  bool operator==(const Program&) const = default;

 private:
  std::vector<SourceFile> files_;
  std::size_t primary_ = 0;
};

/// Whether a relative path stays inside the folder it is resolved in.
bool is_safe_relative_path(std::string_view path);

/// Reads one file or, for a folder, every regular file below it (at most 10,000 files and 64 MB);
/// `primary` names the primary file relative to the folder and is ignored for a single file.
Result<Program> load_program(const std::string& path, const std::string& primary = "");
/// Writes the files below `folder`, making sub-folders.
Status write_program(const Program& program, const std::string& folder);

}  // namespace genesis
