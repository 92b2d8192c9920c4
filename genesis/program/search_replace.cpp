#include "genesis/program/search_replace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/program/block_halves.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/fuzzy_merge.h"
#include "genesis/program/line_diff.h"
#include "genesis/program/match_report.h"
#include "genesis/program/text_match.h"

namespace genesis {

namespace {

/// What one answer may spend on approximate matching, in steps of about a nanosecond: 200 blocks
/// that each come near many places must not take minutes.
constexpr std::uint64_t kFuzzySteps = 200'000'000;

/// Why a SEARCH of this size is not matched approximately, as the end of a sentence; or empty.
std::string size_refusal(std::string_view search, std::size_t lines) {
  const auto letters = std::count_if(search.begin(), search.end(), [](char c) {
    return std::string_view(" \t\r\n").find(c) == std::string_view::npos;
  });
  if (static_cast<std::size_t>(letters) < kMinFuzzyLetters) {
    return fmt::format("it is too short to be matched approximately ({} letters at least)",
                       kMinFuzzyLetters);
  }
  if (lines <= kMaxFuzzyLines && search.size() <= kMaxFuzzyBytes) return {};
  return fmt::format("it is too long to be matched approximately ({} lines or {} KB at most)",
                     kMaxFuzzyLines, kMaxFuzzyBytes >> 10);
}

/// The text under edit with the spans that may change.
class EditableText {
 public:
  EditableText(const FileEdits& edits, std::vector<Span> spans, const Language& language,
               const EditOptions& options)
      : edits_(edits),
        text_(edits.text),
        spans_(std::move(spans)),
        language_(language),
        options_(options),
        newline_(newline_of(edits.text)) {}

  Status apply(const EditBlock& block);
  EditedText take() { return {std::move(text_), std::move(hunks_)}; }

 private:
  /// What is to become of [begin, end).
  struct Change {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t span = 0;
    std::string replacement;
  };
  /// The span that holds [begin, end), or spans_.size().
  std::size_t span_of(std::size_t begin, std::size_t end) const;
  void splice(std::size_t span, std::size_t begin, std::size_t end, std::string_view replacement);
  bool touches_marker(std::size_t begin, std::size_t end) const;
  void widen_to_lines(TextMatch& match, const Span& span) const;
  void adopt_indent(TextMatch& match, std::string_view search, std::string_view replace) const;
  Change insertion(std::string_view replace);
  Change matched(TextMatch match, std::string_view search, std::string_view replace);
  /// Errors are the whole message.
  Result<Change> approximate(const EditBlock& block, std::string_view search,
                             std::string_view replace);
  std::string refusal(const SimilarPlaces& found, double threshold) const;
  tl::expected<Change, std::string> merged(const std::vector<std::string_view>& lines,
                                           const SimilarPlace& place, std::string_view search,
                                           std::string_view replace) const;
  void report(const EditBlock& block, const Change& change, HunkStep step, double similarity,
              std::string_view search);
  bool commit(const Change& change);

  const FileEdits& edits_;
  std::string text_;
  std::vector<Span> spans_;
  const Language& language_;
  const EditOptions& options_;
  std::string_view newline_;
  std::vector<HunkReport> hunks_;
  std::uint64_t steps_ = kFuzzySteps;
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

EditableText::Change EditableText::insertion(std::string_view replace) {
  Change change;
  change.span = spans_.size() - 1;
  change.begin = change.end = spans_.back().end;
  change.replacement = with_newlines(std::string(replace) + '\n', newline_);
  return change;
}

EditableText::Change EditableText::matched(TextMatch match, std::string_view search,
                                           std::string_view replace) {
  Change change;
  change.span = span_of(match.begin, match.end);
  adopt_indent(match, search, replace);
  change.replacement = with_newlines(reindent(replace, match.indents), newline_);
  if (change.replacement.empty() && match.whole_lines) widen_to_lines(match, spans_[change.span]);
  change.begin = match.begin;
  change.end = match.end;
  return change;
}

/// Why the best of these places must not be taken for SEARCH, as the end of a sentence; empty when
/// it may.
std::string EditableText::refusal(const SimilarPlaces& found, double threshold) const {
  const FuzzyOptions& fuzzy = options_.fuzzy;
  const auto percent = [](double part) { return std::floor(part * 100 + 1e-9); };
  if (found.places.empty() || found.places.front().similarity < threshold) {
    return fmt::format("nothing in it is {:.0f} % like it", percent(threshold));
  }
  const double best = found.places.front().similarity;
  const auto rivals = std::count_if(
      found.places.begin(), found.places.end(),
      [&](const SimilarPlace& place) { return place.similarity > best - fuzzy.margin; });
  if (rivals > 1) {
    return fmt::format("{} places are about equally like it (one must be ahead by {:.0f} %)",
                       rivals, percent(fuzzy.margin));
  }
  if (!found.complete) return "it is like too many places to compare them all";
  return {};
}

/// The end of the road: lines that are only similar. The text itself must not be in the file at
/// all; where it is, but outside the regions, that is what was meant.
Result<EditableText::Change> EditableText::approximate(const EditBlock& block,
                                                       std::string_view search,
                                                       std::string_view replace) {
  FailedSearch failed{edits_.file,    text_, edits_.text, spans_, search, block.name(edits_.count),
                      hunks_.empty(), {},    {},          {},     {}};
  const auto fail = [&] {
    if (options_.elsewhere) failed.elsewhere = options_.elsewhere(search);
    return make_error(ErrorKind::parse, explain_failed_search(failed));
  };
  failed.immutable_hit = find_text(text_, search, [](const TextMatch&) { return true; });
  if (failed.immutable_hit) return fail();
  const auto lines = lines_with_ends(text_);
  const auto search_lines = split(search, '\n');
  SimilarPlaces found = find_similar(lines, search_lines, steps_);
  failed.similar = found.places;
  if (!options_.fuzzy.enabled) return fail();
  failed.refusal = size_refusal(search, search_lines.size());
  if (failed.refusal.empty())
    failed.refusal = refusal(found, threshold_for(options_.fuzzy, search_lines));
  if (!failed.refusal.empty()) return fail();
  const SimilarPlace& place = found.places.front();
  auto change = merged(lines, place, search, replace);
  if (!change) {
    failed.refusal = "the place most like it " + change.error();
    return fail();
  }
  report(block, *change, HunkStep::fuzzy, place.similarity, search);
  return std::move(*change);
}

/// REPLACE put in the place of those lines, or why it cannot be, as the end of a sentence.
tl::expected<EditableText::Change, std::string> EditableText::merged(
    const std::vector<std::string_view>& lines, const SimilarPlace& place, std::string_view search,
    std::string_view replace) const {
  Change change;
  change.begin = static_cast<std::size_t>(lines[place.first].data() - text_.data());
  change.end = change.begin;
  for (std::size_t i = 0; i < place.count; ++i) change.end += lines[place.first + i].size();
  change.span = span_of(change.begin, change.end);
  if (change.span == spans_.size()) {
    return tl::unexpected<std::string>("is not wholly inside one editable region");
  }
  auto text = merge_place(lines, place, search, replace, newline_);
  if (!text) return tl::unexpected<std::string>("cannot be edited: " + text.error());
  change.replacement = std::move(*text);
  return change;
}

void EditableText::report(const EditBlock& block, const Change& change, HunkStep step,
                          double similarity, std::string_view search) {
  HunkReport hunk;
  hunk.file = edits_.file;
  hunk.step = step;
  hunk.similarity = similarity;
  hunk.answer_line = block.line;
  hunk.first_line = line_number(text_, change.begin);
  const std::string_view text(text_);
  const std::size_t last = change.end > change.begin ? change.end - 1 : change.begin;
  hunk.last_line = step == HunkStep::insertion ? hunk.first_line - 1 : line_number(text_, last);
  if (step == HunkStep::indentation || step == HunkStep::fuzzy) {
    const auto theirs = text.substr(change.begin, change.end - change.begin);
    hunk.difference =
        to_valid_utf8(short_difference(split(search, '\n'), lines_with_ends(theirs), ""));
  }
  hunks_.push_back(std::move(hunk));
}

/// Makes the change; false when that would make a new marker line.
bool EditableText::commit(const Change& change) {
  splice(change.span, change.begin, change.end, change.replacement);
  // The END marker must stay on a line of its own.
  const Span& edited = spans_[change.span];
  const bool joined = edited.end > edited.begin && text_[edited.end - 1] != '\n';
  if (joined) splice(change.span, edited.end, edited.end, newline_);
  if (!change.replacement.empty()) {
    return !touches_marker(change.begin, change.begin + change.replacement.size());
  }
  return change.begin >= spans_[change.span].end || !touches_marker(change.begin, change.begin);
}

HunkStep step_of(MatchKind kind) {
  return kind == MatchKind::exact        ? HunkStep::exact
         : kind == MatchKind::whitespace ? HunkStep::whitespace
                                         : HunkStep::indentation;
}

Status EditableText::apply(const EditBlock& block) {
  const auto [search, replace] = clean_halves(block, language_);
  const auto refuse = [&](std::string_view why) {
    return make_error(ErrorKind::parse, fmt::format("{}: {}. No block was applied.\n",
                                                    block.name(edits_.count), why));
  };
  Change change;
  if (trim(search).empty()) {
    if (trim(replace).empty()) return refuse("both halves are empty");
    change = insertion(replace);
    report(block, change, HunkStep::insertion, 1, search);
  } else if (auto match = find_text(text_, search, [&](const TextMatch& candidate) {
               return span_of(candidate.begin, candidate.end) != spans_.size();
             })) {
    change = matched(*match, search, replace);
    report(block, change, step_of(match->kind), 1, search);
  } else {
    GENESIS_TRY_ASSIGN(change, approximate(block, search, replace));
  }
  if (!commit(change)) {
    return refuse("the edit would make a new EVOLVE-BLOCK marker line; leave markers out");
  }
  return {};
}

}  // namespace

Result<EditedText> apply_search_replace(const FileEdits& edits, const Language& language,
                                        const EditOptions& options) {
  GENESIS_TRY_ASSIGN(std::vector<Span> spans, find_spans(edits.text, language));
  if (spans.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} has no EVOLVE-BLOCK markers, so nothing in it may be edited; "
                                  "put {} and {} around what may",
                                  edits.file, marker_line(Marker::start, language),
                                  marker_line(Marker::end, language)));
  }
  EditableText edited(edits, std::move(spans), language, options);
  for (const EditBlock* const block : edits.blocks) GENESIS_TRY(edited.apply(*block));
  return edited.take();
}

}  // namespace genesis
