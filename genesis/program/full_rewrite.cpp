#include "genesis/program/full_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/answer_text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

using Lines = std::vector<std::string_view>;

std::string_view right_trimmed(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

/// The lines of a text without blank ones at its start and end.
Lines inner_lines(std::string_view text) {
  Lines lines = lines_with_ends(text);
  while (!lines.empty() && right_trimmed(lines.back()).empty()) lines.pop_back();
  const auto blank = [](std::string_view line) { return right_trimmed(line).empty(); };
  lines.erase(lines.begin(), std::find_if_not(lines.begin(), lines.end(), blank));
  return lines;
}

bool same_lines(Lines::const_iterator a, Lines::const_iterator b, std::size_t count) {
  return std::equal(
      a, a + static_cast<std::ptrdiff_t>(count), b,
      [](std::string_view x, std::string_view y) { return right_trimmed(x) == right_trimmed(y); });
}

/// Removes the program's own head from the start of the code, and its tail from the end, where the
/// code repeats them (white space at line ends and blank lines around aside).
Lines without_repeated(Lines code, std::string_view head, std::string_view tail) {
  const Lines first = inner_lines(head);
  if (!first.empty() && first.size() <= code.size() &&
      same_lines(first.begin(), code.begin(), first.size())) {
    code.erase(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(first.size()));
  }
  const Lines last = inner_lines(tail);
  const auto rest =
      static_cast<std::ptrdiff_t>(code.size()) - static_cast<std::ptrdiff_t>(last.size());
  if (!last.empty() && rest >= 0 && same_lines(last.begin(), code.begin() + rest, last.size())) {
    code.erase(code.begin() + rest, code.end());
  }
  return code;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string_view line : lines) text += line;
  return text;
}

/// Block content: line ends as in the program, the last line ended; nothing when blank.
std::string as_content(std::string_view code, std::string_view newline) {
  if (trim(code).empty()) return {};
  std::string content = with_newlines(code, newline);
  if (!content.ends_with('\n')) content += newline;
  return content;
}

/// The lines that are markers.
struct MarkerRows {
  Lines lines;
  std::vector<std::size_t> starts;
  std::vector<std::size_t> ends;
};

MarkerRows read_markers(std::string_view code, const Language& language) {
  MarkerRows rows;
  rows.lines = lines_with_ends(code);
  for (std::size_t i = 0; i < rows.lines.size(); ++i) {
    const Marker marker = marker_of_line(rows.lines[i], language);
    if (marker == Marker::start) rows.starts.push_back(i);
    if (marker == Marker::end) rows.ends.push_back(i);
  }
  return rows;
}

tl::unexpected<Error> code_error(std::string message) {
  return make_error(ErrorKind::parse, "full rewrite: " + std::move(message));
}

/// Contents for the first blocks of the program, from code with paired markers.
Result<std::vector<std::string>> paired_contents(std::string_view code, std::string_view file,
                                                 std::size_t blocks, std::string_view newline,
                                                 const Language& language) {
  const auto found = find_blocks(code, language);
  if (!found) return code_error("in the answer's code, " + found.error().message);
  if (found->size() > blocks) {
    return code_error(fmt::format(
        "the answer's code has {} EVOLVE-BLOCK regions, but {} has {}; write the same regions in "
        "the same order",
        found->size(), file, blocks));
  }
  std::vector<std::string> contents;
  for (const Block& block : *found) {
    contents.push_back(as_content(code.substr(block.begin, block.end - block.begin), newline));
  }
  return contents;
}

/// The one block's content from code with one marker or none.
Result<std::string> lone_content(const MarkerRows& rows, std::string_view text, const Block& block,
                                 std::string_view newline, const Language& language) {
  if (rows.starts.size() > 1 || rows.ends.size() > 1) {
    return code_error(
        fmt::format("the answer's code has {} EVOLVE-BLOCK-{} markers and no {} "
                    "marker; write both around each region, or none",
                    std::max(rows.starts.size(), rows.ends.size()),
                    rows.starts.empty() ? "END" : "START", rows.starts.empty() ? "START" : "END"));
  }
  Lines code = rows.lines;
  if (!rows.ends.empty()) code.resize(rows.ends.front());
  if (!rows.starts.empty()) {
    code.erase(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(rows.starts.front()) + 1);
  }
  // The program's head and tail, without the block's own markers.
  const std::string head = remove_marker_lines(text.substr(0, block.begin), language);
  const std::string tail = remove_marker_lines(text.substr(block.end), language);
  const std::string whole = joined(code);
  const Lines own = without_repeated(inner_lines(whole), rows.starts.empty() ? head : "",
                                     rows.ends.empty() ? tail : "");
  const std::string payload = joined(own);
  std::string content = as_content(joined(inner_lines(payload)), newline);
  if (content.empty()) return code_error("the answer's code leaves the editable region empty");
  return content;
}

}  // namespace

namespace {

Result<std::vector<Block>> blocks_of(std::string_view file, std::string_view text,
                                     const Language& language) {
  GENESIS_TRY_ASSIGN(std::vector<Block> blocks, find_blocks(text, language));
  if (!blocks.empty()) return blocks;
  return make_error(
      ErrorKind::invalid_argument,
      fmt::format("{} has no EVOLVE-BLOCK markers, so nothing in it may be edited; "
                  "put {} and {} around what may",
                  file, marker_line(Marker::start, language), marker_line(Marker::end, language)));
}

}  // namespace

Result<EditedText> apply_full_rewrite(std::string_view file, std::string_view text,
                                      std::string_view answer, const Language& language) {
  GENESIS_TRY(blocks_of(file, text, language));
  GENESIS_TRY_ASSIGN(const std::string_view code, find_fenced_code(answer, language));
  return rewrite_blocks(file, text, code, language);
}

Result<EditedText> rewrite_blocks(std::string_view file, std::string_view text,
                                  std::string_view code, const Language& language) {
  GENESIS_TRY_ASSIGN(const std::vector<Block> blocks, blocks_of(file, text, language));
  if (trim(code).empty()) return code_error("the answer's code block is empty");
  const std::string_view newline = newline_of(text);
  const MarkerRows rows = read_markers(code, language);
  std::vector<std::string> contents;
  if (!rows.starts.empty() && !rows.ends.empty()) {
    GENESIS_TRY_ASSIGN(contents, paired_contents(code, file, blocks.size(), newline, language));
  } else if (blocks.size() > 1) {
    return code_error(fmt::format(
        "{} has {} EVOLVE-BLOCK regions, so the answer's code must mark which is which: write {} "
        "and {} around each",
        file, blocks.size(), marker_line(Marker::start, language),
        marker_line(Marker::end, language)));
  } else {
    GENESIS_TRY_ASSIGN(std::string content,
                       lone_content(rows, text, blocks.front(), newline, language));
    contents.push_back(std::move(content));
  }
  EditedText edited;
  std::size_t from = 0;
  std::size_t line = 1;
  const auto lines_in = [&](std::size_t begin, std::size_t end) {
    return static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                               text.begin() + static_cast<std::ptrdiff_t>(end),
                                               '\n'));
  };
  for (std::size_t i = 0; i < contents.size(); ++i) {
    edited.text += text.substr(from, blocks[i].begin - from);
    edited.text += contents[i];
    HunkReport hunk;
    hunk.file = file;
    hunk.step = HunkStep::rewrite;
    hunk.first_line = line += lines_in(from, blocks[i].begin);
    line += lines_in(blocks[i].begin, blocks[i].end);
    hunk.last_line = line - 1;
    edited.hunks.push_back(std::move(hunk));
    from = blocks[i].end;
  }
  edited.text += text.substr(from);
  return edited;
}

}  // namespace genesis
