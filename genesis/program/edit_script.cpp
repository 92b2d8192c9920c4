#include "genesis/program/edit_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/answer_paths.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/line_cursor.h"

namespace genesis {

namespace {

/// Whether the line is seven times `sign`, then `word`, with white space anywhere around them.
bool is_row(std::string_view line, char sign, std::string_view word) {
  line = trim(line);
  if (line.size() < 7 || line.substr(0, 7) != std::string(7, sign)) return false;
  return trim(line.substr(7)) == word;
}

bool is_search_row(std::string_view line) {
  return is_row(line, '<', "SEARCH");
}
bool is_middle_row(std::string_view line) {
  return is_row(line, '=', "");
}
bool is_replace_row(std::string_view line) {
  return is_row(line, '>', "REPLACE");
}
bool is_fence(std::string_view line) {
  return trim(line).starts_with("```") || trim(line).starts_with("~~~");
}
bool is_diff_header(std::string_view line, std::string_view next) {
  return line.starts_with("--- ") && next.starts_with("+++ ");
}

std::string_view without_last_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> answer_error(std::string message) {
  return make_error(ErrorKind::parse, std::move(message));
}

constexpr std::string_view kBlockForm =
    "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n>>>>>>> REPLACE";

/// Reads one stretch of an answer line by line.
class ScriptReader {
 public:
  ScriptReader(std::string_view text, std::size_t first_line, const std::vector<std::string>& files)
      : text_(text), cursor_(text), first_line_(first_line), files_(files) {}

  Result<EditScript> read();

 private:
  enum class Part { outside, search, replace, hunk };

  Status outside(std::string_view line);
  Status header(std::string_view line);
  Status git_line(std::string_view line);
  Status in_search(std::string_view line);
  Status in_replace(std::string_view line);
  Status in_hunk(std::string_view line);
  void begin_file(std::string_view path);
  void begin_block(Part part);
  void end_block();
  void end_hunk();
  void remove(std::string_view file);
  std::size_t line_number() const { return first_line_ + cursor_.number() - 1; }
  std::string_view half() const {
    return without_last_newline(text_.substr(half_begin_, cursor_.begin() - half_begin_));
  }
  tl::unexpected<Error> broken(std::string_view what) const {
    return answer_error(
        fmt::format("SEARCH/REPLACE block {} (line {} of the answer) {}. Each block must be:\n{}",
                    script_.blocks.size() + 1, block_.line, what, kBlockForm));
  }

  std::string_view text_;
  LineCursor cursor_;
  std::size_t first_line_;
  const std::vector<std::string>& files_;
  EditScript script_;
  Part part_ = Part::outside;
  EditBlock block_;
  std::size_t half_begin_ = 0;
  std::string_view file_;      // in force
  std::string_view git_path_;  // of a `diff --git` line whose diff has not begun
  bool in_diff_ = false;       // behind `---` and `+++`: hunks may follow
  bool creates_ = false;
  bool removes_ = false;
  std::size_t blanks_ = 0;  // empty lines at the end of the hunk so far
};

void ScriptReader::begin_block(Part part) {
  part_ = part;
  block_ = EditBlock{};
  block_.line = line_number();
  block_.index = script_.blocks.size() + 1;
  block_.file = file_;
}

void ScriptReader::end_block() {
  script_.blocks.push_back(std::move(block_));
  part_ = Part::outside;
}

void ScriptReader::remove(std::string_view file) {
  for (const FileRemoval& known : script_.removals) {
    if (known.file == file) return;
  }
  if (script_.removals.size() > kMaxEditBlocks) return;  // refused in the end
  script_.removals.push_back({file, line_number()});
}

Status ScriptReader::header(std::string_view line) {
  const std::string_view before = path_of_diff_header(line, files_);
  cursor_.next();
  const std::string_view after = path_of_diff_header(cursor_.line(), files_);
  begin_file(after);
  in_diff_ = true;
  creates_ = before == "/dev/null";
  removes_ = after == "/dev/null";
  if (creates_ && removes_) {
    return answer_error(
        fmt::format("line {} of the answer: a diff from /dev/null to /dev/null", line_number()));
  }
  if (removes_) remove(file_ = before);
  if (!creates_ && !removes_ && before != after) {
    return answer_error(fmt::format(
        "line {} of the answer: the diff renames '{}' to '{}', and files cannot be renamed; delete "
        "the one and write the other",
        line_number(), before, after));
  }
  return {};
}

/// What git writes between `diff --git` and the hunks.
Status ScriptReader::git_line(std::string_view line) {
  if (line.starts_with("deleted file mode")) remove(git_path_);
  for (const std::string_view refused : {"rename from ", "copy from ", "Binary files "}) {
    if (!line.starts_with(refused)) continue;
    return answer_error(fmt::format(
        "line {} of the answer: '{}' cannot be applied; delete the one file and write the other",
        line_number(), trim(line).substr(0, 160)));
  }
  return {};
}

void ScriptReader::begin_file(std::string_view path) {
  file_ = path;
  git_path_ = {};
  in_diff_ = creates_ = removes_ = false;
}

Status ScriptReader::outside(std::string_view line) {
  if (is_search_row(line)) {
    begin_block(Part::search);
    half_begin_ = cursor_.end();
    return {};
  }
  if (is_diff_header(line, cursor_.peek())) return header(line);
  if (in_diff_ && line.starts_with("@@")) {
    begin_block(Part::hunk);
    block_.is_hunk = true;
    block_.creates = creates_;
    blanks_ = 0;
    return {};
  }
  if (line.starts_with("diff --git ")) {
    const std::string_view named = trim(line);
    const std::string_view path = named.substr(named.rfind(' ') + 1);
    begin_file(path.starts_with("b/") ? path.substr(2) : path);
    git_path_ = file_;
    return {};
  }
  if (!git_path_.empty()) GENESIS_TRY(git_line(line));
  if (is_fence(line)) {
    const std::string_view signs = trim(line);
    const auto info = std::min(signs.find_first_not_of(signs[0]), signs.size());
    const auto path = path_of_fence(signs.substr(info), files_);
    if (!path.empty()) begin_file(path);
  } else if (const auto path = read_path_line(line, files_)) {
    begin_file(path->removes ? std::string_view() : path->path);
    if (path->removes) remove(path->path);
  }
  return {};
}

Status ScriptReader::in_search(std::string_view line) {
  if (is_search_row(line)) return broken("has no ======= row before the next block");
  if (is_replace_row(line)) return broken("has no ======= row");
  if (!is_middle_row(line)) return {};
  block_.search = half();
  part_ = Part::replace;
  half_begin_ = cursor_.end();
  return {};
}

Status ScriptReader::in_replace(std::string_view line) {
  if (is_search_row(line)) return broken("has no >>>>>>> REPLACE row before the next block");
  if (!is_replace_row(line)) return {};
  block_.replace = half();
  end_block();
  return {};
}

/// A hunk ends where something else plainly begins: another hunk or file, a fence, a block, or text
/// behind an empty line.
Status ScriptReader::in_hunk(std::string_view line) {
  const std::string_view plain = without_last_newline(line);
  const bool over = is_diff_header(line, cursor_.peek()) || line.starts_with("@@") ||
                    line.starts_with("diff --git ") || is_fence(line) || is_search_row(line);
  if (!over && plain.empty()) {
    ++blanks_;
    return {};
  }
  const bool is_hunk_line = !over && std::string_view(" +-\\").find(line[0]) != std::string::npos;
  if (!is_hunk_line) {
    if (!over && blanks_ == 0) {
      return answer_error(fmt::format(
          "line {} of the answer is inside the diff hunk of line {}, but begins with neither a "
          "space, + nor -: '{}'",
          line_number(), block_.line, plain.substr(0, 160)));
    }
    end_hunk();
    return outside(line);
  }
  // Models leave out the space of an empty line that stays.
  for (; blanks_ > 0; --blanks_) {
    block_.search += '\n';
    block_.replace += '\n';
  }
  if (line[0] == '\\') return {};  // "\ No newline at end of file"
  for (const char sign : {'-', '+'}) {
    if (line[0] != ' ' && line[0] != sign) continue;
    std::string& half = sign == '-' ? block_.search : block_.replace;
    half += plain.substr(1);
    half += '\n';
  }
  return {};
}

void ScriptReader::end_hunk() {
  for (std::string* half : {&block_.search, &block_.replace}) {
    if (!half->empty()) half->pop_back();
  }
  part_ = Part::outside;
  // The hunks of a file that goes say nothing more.
  if (!removes_) end_block();
}

Result<EditScript> ScriptReader::read() {
  while (cursor_.next()) {
    const std::string_view line = cursor_.line();
    switch (part_) {
      case Part::outside:
        GENESIS_TRY(outside(line));
        break;
      case Part::search:
        GENESIS_TRY(in_search(line));
        break;
      case Part::replace:
        GENESIS_TRY(in_replace(line));
        break;
      case Part::hunk:
        GENESIS_TRY(in_hunk(line));
        break;
    }
  }
  if (part_ == Part::hunk) end_hunk();
  if (part_ == Part::search) return broken("has no ======= row; perhaps the answer was cut off");
  if (part_ == Part::replace) {
    return broken("has no >>>>>>> REPLACE row; perhaps the answer was cut off");
  }
  return std::move(script_);
}

/// The inside of <DIFF>…</DIFF>; without a closing tag, all that follows the opening one.
std::string_view diff_section(std::string_view answer) {
  const auto open = answer.find("<DIFF>");
  if (open == std::string_view::npos) return answer;
  const auto begin = open + 6;
  const auto close = answer.rfind("</DIFF>");
  if (close == std::string_view::npos || close < begin) return answer.substr(begin);
  return answer.substr(begin, close - begin);
}

bool is_empty(const EditScript& script) {
  return script.blocks.empty() && script.removals.empty();
}

}  // namespace

std::string EditBlock::name(std::size_t count) const {
  return fmt::format("{} {} of {} (line {} of the answer)",
                     is_hunk ? "diff hunk" : "SEARCH/REPLACE block", index, count, line);
}

Result<EditScript> read_edit_script(std::string_view answer,
                                    const std::vector<std::string>& files) {
  const std::string_view section = diff_section(answer);
  const auto offset = static_cast<std::size_t>(section.data() - answer.data());
  GENESIS_TRY_ASSIGN(EditScript script,
                     ScriptReader(section, line_number(answer, offset), files).read());
  if (is_empty(script) && section.size() != answer.size()) {
    GENESIS_TRY_ASSIGN(script, ScriptReader(answer, 1, files).read());
  }
  if (is_empty(script)) {
    return answer_error(fmt::format(
        "the answer holds no SEARCH/REPLACE block. Write at least one, inside <DIFF> and "
        "</DIFF>:\n{}",
        kBlockForm));
  }
  if (script.blocks.size() > kMaxEditBlocks || script.removals.size() > kMaxEditBlocks) {
    return answer_error(
        fmt::format("the answer holds {} SEARCH/REPLACE blocks, more than {}; "
                    "change less at a time or rewrite the whole program",
                    std::max(script.blocks.size(), script.removals.size()), kMaxEditBlocks));
  }
  return script;
}

bool holds_edits(std::string_view answer) {
  LineCursor cursor(answer);
  bool in_diff = false;
  while (cursor.next()) {
    if (is_search_row(cursor.line())) return true;
    if (in_diff && cursor.line().starts_with("@@")) return true;
    in_diff = in_diff || is_diff_header(cursor.line(), cursor.peek());
  }
  return false;
}

}  // namespace genesis
