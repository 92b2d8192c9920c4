#include "genesis/program/search_replace.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/answer_text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/match_report.h"
#include "genesis/program/text_match.h"

namespace genesis {

namespace {

/// One half of a block: newlines as "\n", marker lines gone, no final newline.
std::string clean_half(std::string_view half, const Language& language) {
  std::string text = with_newlines(half, "\n");
  text += '\n';
  text = remove_marker_lines(text, language);
  if (!text.empty()) text.pop_back();
  return text;
}

/// The text under edit with the spans that may change.
class EditableText {
 public:
  EditableText(std::string_view file, std::string_view text, std::vector<Span> spans,
               const Language& language)
      : file_(file),
        original_(text),
        text_(text),
        spans_(std::move(spans)),
        language_(language),
        newline_(newline_of(text)) {}

  Status apply(const EditBlock& block, std::size_t index, std::size_t count);
  std::string take() { return std::move(text_); }

 private:
  /// The span that holds [begin, end), or spans_.size().
  std::size_t span_of(std::size_t begin, std::size_t end) const;
  void splice(std::size_t span, std::size_t begin, std::size_t end, std::string_view replacement);
  bool touches_marker(std::size_t begin, std::size_t end) const;
  void widen_to_lines(TextMatch& match, const Span& span) const;
  void adopt_indent(TextMatch& match, std::string_view search, std::string_view replace) const;
  std::string failure(const EditBlock& block, std::string_view search, std::size_t index,
                      std::size_t count) const;

  std::string_view file_;
  std::string_view original_;
  std::string text_;
  std::vector<Span> spans_;
  const Language& language_;
  std::string_view newline_;
};

std::size_t EditableText::span_of(std::size_t begin, std::size_t end) const {
  auto after =
      std::upper_bound(spans_.begin(), spans_.end(), begin,
                       [](std::size_t offset, const Span& span) { return offset < span.begin; });
  if (after == spans_.begin()) return spans_.size();
  --after;
  if (end > after->end) return spans_.size();
  return static_cast<std::size_t>(after - spans_.begin());
}

void EditableText::splice(std::size_t span, std::size_t begin, std::size_t end,
                          std::string_view replacement) {
  text_.replace(begin, end - begin, replacement);
  const auto moved = [&](std::size_t offset) {
    return offset - (end - begin) + replacement.size();
  };
  spans_[span].end = moved(spans_[span].end);
  for (std::size_t i = span + 1; i < spans_.size(); ++i) {
    spans_[i] = {moved(spans_[i].begin), moved(spans_[i].end)};
  }
}

/// Whether a line that [begin, end) lies on is a marker.
bool EditableText::touches_marker(std::size_t begin, std::size_t end) const {
  const auto before = begin == 0 ? std::string::npos : text_.rfind('\n', begin - 1);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  const std::size_t last_byte = end > begin ? end - 1 : end;
  const std::size_t last = std::min(text_.find('\n', last_byte), text_.size());
  return has_markers(std::string_view(text_).substr(first, last - first), language_);
}

/// Takes the indentation before and the newline behind into a match of whole lines.
void EditableText::widen_to_lines(TextMatch& match, const Span& span) const {
  while (match.begin > span.begin && text_[match.begin - 1] != '\n') --match.begin;
  if (match.end > match.begin && text_[match.end - 1] == '\n') return;
  while (match.end < span.end && text_[match.end] != '\n') ++match.end;
  if (match.end < span.end) ++match.end;
}

/// A single line sought without its indentation, to become several: where those would fall out of
/// the block that the line is in, they are indented as the line is.
void EditableText::adopt_indent(TextMatch& match, std::string_view search,
                                std::string_view replace) const {
  if (match.kind != MatchKind::exact || !match.whole_lines) return;
  const auto newline = replace.find('\n');
  if (newline == std::string_view::npos || search.find('\n') != std::string_view::npos) return;
  std::size_t begin = match.begin;
  while (begin > 0 && text_[begin - 1] != '\n') --begin;
  if (begin == match.begin) return;
  const std::string own(search.substr(0, search.find_first_not_of(" \t")));
  const std::string full = text_.substr(begin, match.begin - begin) + own;
  for (const std::string_view line : split_lines(replace.substr(newline + 1))) {
    const auto width = line.find_first_not_of(" \t");
    if (width == std::string_view::npos || width >= full.size()) continue;
    match.begin = begin;
    match.indents = {{own, full}};
    return;
  }
}

std::string EditableText::failure(const EditBlock& block, std::string_view search,
                                  std::size_t index, std::size_t count) const {
  FailedSearch failed{file_, text_, original_, spans_, search, index, count, block.line, {}};
  failed.immutable_hit = find_text(text_, search, [](const TextMatch&) { return true; });
  return explain_failed_search(failed);
}

Status EditableText::apply(const EditBlock& block, std::size_t index, std::size_t count) {
  const std::string search = clean_half(block.search, language_);
  const std::string clean_replace = clean_half(block.replace, language_);
  const auto refuse = [&](std::string_view why) {
    return make_error(ErrorKind::parse,
                      fmt::format("SEARCH/REPLACE block {} of {} (line {} of the answer): {}. No "
                                  "block was applied.\n",
                                  index, count, block.line, why));
  };
  TextMatch match;
  std::size_t span = spans_.size() - 1;
  std::string replacement;
  if (trim(search).empty()) {
    if (trim(clean_replace).empty()) return refuse("both halves are empty");
    match.begin = match.end = spans_[span].end;
    replacement = with_newlines(clean_replace + '\n', newline_);
  } else {
    auto found = find_text(text_, search, [&](const TextMatch& candidate) {
      return span_of(candidate.begin, candidate.end) != spans_.size();
    });
    if (!found) return make_error(ErrorKind::parse, failure(block, search, index, count));
    match = std::move(*found);
    span = span_of(match.begin, match.end);
    adopt_indent(match, search, clean_replace);
    replacement = with_newlines(reindent(clean_replace, match.indents), newline_);
    if (replacement.empty() && match.whole_lines) widen_to_lines(match, spans_[span]);
  }
  splice(span, match.begin, match.end, replacement);
  // The END marker must stay on a line of its own.
  const Span& edited = spans_[span];
  const bool joined = edited.end > edited.begin && text_[edited.end - 1] != '\n';
  if (joined) splice(span, edited.end, edited.end, newline_);
  if (!replacement.empty() && touches_marker(match.begin, match.begin + replacement.size())) {
    return refuse("the edit would make a new EVOLVE-BLOCK marker line; leave markers out");
  }
  if (replacement.empty() && match.begin < spans_[span].end &&
      touches_marker(match.begin, match.begin)) {
    return refuse("the edit would make a new EVOLVE-BLOCK marker line; leave markers out");
  }
  return {};
}

}  // namespace

Result<EditedText> apply_search_replace(std::string_view file, std::string_view text,
                                        std::string_view answer, const Language& language) {
  GENESIS_TRY_ASSIGN(std::vector<Span> spans, find_spans(text, language));
  if (spans.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} has no EVOLVE-BLOCK markers, so nothing in it may be edited; "
                                  "put {} and {} around what may",
                                  file, marker_line(Marker::start, language),
                                  marker_line(Marker::end, language)));
  }
  GENESIS_TRY_ASSIGN(const std::vector<EditBlock> blocks, find_edit_blocks(answer));
  EditableText edited(file, text, std::move(spans), language);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    GENESIS_TRY(edited.apply(blocks[i], i + 1, blocks.size()));
  }
  return EditedText{edited.take(), static_cast<int>(blocks.size())};
}

}  // namespace genesis
