#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "genesis/program/program.h"
#include "genesis/program/search_replace.h"

namespace genesis {

/// A child in the making: which file an answer means, and what became of each. Nothing of it
/// reaches a Program unless all of it is in order.
///
/// Files may come and go by these rules, which keep every promise that the parent made:
/// - a program of one file stays one file, and one of several files keeps at least two, because
///   evaluators are given the one by another name than the others;
/// - a new file has the extension of a known language with comments, does not lie in `results`, is
///   not named as what Genesis writes beside a program (`original.*`, `edit.diff`) nor hidden; it
///   is one editable region, markers are put around it unless it has its own;
/// - a file may be deleted when all of it may change: nothing but markers and white space is
/// outside
///   its regions. The primary file stays.
class PatchDraft {
 public:
  /// `unnamed` is the file of an answer that names none; it must exist. Borrowed for the draft's
  /// life. `names` are all names that the answer uses: in a program of one file a single name means
  /// that file, whatever it is.
  PatchDraft(const Program& parent, const Language& language, const SourceFile& unnamed,
             bool may_add_files, const std::vector<std::string_view>& names);

  /// The file of this name: its path or the end of it, where no other file's path ends so; nullptr
  /// when there is none; the unnamed one for an empty name. `line` is the answer's, for messages.
  /// Errors: several files are meant.
  Result<const SourceFile*> find(std::string_view name, std::size_t line) const;
  /// The same, but a missing file is an error with the nearest name.
  Result<const SourceFile*> find_existing(std::string_view name, std::size_t line) const;
  /// The language of a file: by its extension, but for the primary one.
  const Language& language_of(std::string_view path) const;

  /// Takes the new text and its reports; a file that is changed twice is an error.
  Status change(const SourceFile& file, EditedText edited);
  Status create(std::string_view path, std::string_view text, std::size_t line);
  Status remove(const SourceFile& file, std::size_t line);

  Result<Program> finish() const;
  /// In the answer's order.
  std::vector<HunkReport> take_reports();

 private:
  Status may_come_or_go(std::string_view what, std::string_view path, std::size_t line) const;

  const Program& parent_;
  const Language& language_;
  const SourceFile& unnamed_;
  bool may_add_files_;
  bool one_name_ = false;
  std::map<std::string, std::optional<std::string>, std::less<>> texts_;  ///< Empty: deleted.
  std::vector<HunkReport> hunks_;
};

/// The sorted paths of a program's files.
std::vector<std::string> file_names(const Program& program);

}  // namespace genesis
