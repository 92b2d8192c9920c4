#include "genesis/program/block_halves.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

using Lines = std::vector<std::string_view>;

bool same_line(std::string_view a, std::string_view b) {
  return trim(a) == trim(b);
}

/// How many lines to leave out in front: up to the last START that both halves begin with.
std::size_t lines_in_front(const Lines& a, const Lines& b, const Language& language) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()) && same_line(a[i], b[i]); ++i) {
    if (marker_of_line(a[i], language) == Marker::start) found = i + 1;
  }
  return found;
}

/// How many to leave out behind: from the first END that both halves end with.
std::size_t lines_behind(const Lines& a, const Lines& b, const Language& language) {
  std::size_t found = 0;
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    if (!same_line(a[a.size() - i], b[b.size() - i])) break;
    if (marker_of_line(a[a.size() - i], language) == Marker::end) found = i;
  }
  return found;
}

/// Lines [front, size - behind) without markers and without a final newline.
std::string rest(const Lines& lines, std::size_t front, std::size_t behind,
                 const Language& language) {
  std::string text;
  for (std::size_t i = front; i + behind < lines.size(); ++i) text += lines[i];
  text = remove_marker_lines(text, language);
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

BlockHalves clean_halves(const EditBlock& block, const Language& language) {
  const std::string search = with_newlines(block.search, "\n") + '\n';
  const std::string replace = with_newlines(block.replace, "\n") + '\n';
  const Lines a = lines_with_ends(search);
  const Lines b = lines_with_ends(replace);
  const std::size_t front = lines_in_front(a, b, language);
  const std::size_t behind = lines_behind(a, b, language);
  if (front + behind > 0 && front + behind <= std::min(a.size(), b.size())) {
    BlockHalves halves{rest(a, front, behind, language), rest(b, front, behind, language)};
    if (!trim(halves.search).empty()) return halves;
  }
  return {rest(a, 0, 0, language), rest(b, 0, 0, language)};
}

}  // namespace genesis
