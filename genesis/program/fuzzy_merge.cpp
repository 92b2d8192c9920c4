#include "genesis/program/fuzzy_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/line_diff.h"
#include "genesis/program/text_match.h"

namespace genesis {

namespace {

using Lines = std::vector<std::string_view>;

std::string_view indent_of(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

/// Lines of a half; nothing when it is empty, while a final newline makes an empty last line.
Lines lines_of(std::string_view half) {
  return half.empty() ? Lines() : split(half, '\n');
}

Lines right_trimmed(const Lines& lines) {
  Lines out;
  for (const std::string_view line : lines) {
    const auto last = line.find_last_not_of(" \t\r");
    out.push_back(last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1));
  }
  return out;
}

/// What each indentation of SEARCH most often is in the program; nothing when a deeper one would
/// become as shallow as a shallower one.
std::optional<IndentMap> vote_on_indents(const Lines& text, const Lines& search,
                                         const std::vector<LinePair>& pairs) {
  struct Vote {
    std::string_view from, to;
    std::size_t count = 0;
  };
  std::vector<Vote> votes;
  for (const LinePair& pair : pairs) {
    if (trim(search[pair.search]).empty()) continue;
    const std::string_view from = indent_of(search[pair.search]);
    const std::string_view to = indent_of(text[pair.text]);
    auto known = std::find_if(votes.begin(), votes.end(),
                              [&](const Vote& vote) { return vote.from == from && vote.to == to; });
    if (known == votes.end()) known = votes.insert(votes.end(), {from, to, 0});
    ++known->count;
    if (votes.size() > 64) return std::nullopt;
  }
  std::stable_sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) {
    return a.from.size() != b.from.size() ? a.from.size() < b.from.size() : a.count > b.count;
  });
  IndentMap map;
  for (const Vote& vote : votes) {
    if (!map.empty() && map.back().first == vote.from) continue;
    const bool deeper = map.empty() || (vote.from.size() > map.back().first.size() &&
                                        vote.to.size() > map.back().second.size());
    if (!deeper) return std::nullopt;
    map.emplace_back(vote.from, vote.to);
  }
  return map;
}

class Merge {
 public:
  Merge(const Lines& text, const SimilarPlace& place, const Lines& search, const Lines& replace,
        std::string_view newline)
      : text_(text),
        end_(place.first + place.count),
        search_(search),
        replace_(replace),
        newline_(newline),
        partner_(search.size(), kNone),
        next_(place.first) {
    for (const LinePair& pair : place.pairs) partner_[pair.search] = pair.text;
  }

  /// Why it cannot be done; empty when it was.
  std::string run(const std::vector<ChangedRun>& changes);
  std::string take() { return std::move(out_); }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  void keep_until(std::size_t line) {
    for (; next_ < line; ++next_) out_ += text_[next_];
  }
  std::string replace_run(const ChangedRun& run);

  const Lines& text_;
  std::size_t end_;
  const Lines& search_;
  const Lines& replace_;
  std::string_view newline_;
  std::vector<std::size_t> partner_;
  std::size_t next_;  ///< The first line of the text that is not dealt with.
  std::string out_;
};

std::string Merge::run(const std::vector<ChangedRun>& changes) {
  std::size_t at = 0;
  for (const ChangedRun& change : changes) {
    for (; at < change.a_begin; ++at) {
      if (partner_[at] != kNone) keep_until(partner_[at] + 1);
    }
    if (std::string why = replace_run(change); !why.empty()) return why;
    at = change.a_end;
  }
  keep_until(end_);
  return {};
}

std::string Merge::replace_run(const ChangedRun& run) {
  std::size_t first = run.a_begin, last = run.a_end;
  const auto blank = [&](std::size_t i) { return trim(search_[i]).empty(); };
  while (first < last && blank(first) && partner_[first] == kNone) ++first;
  while (last > first && blank(last - 1) && partner_[last - 1] == kNone) --last;
  if (first < last) {
    for (const std::size_t edge : {first, last - 1}) {
      if (partner_[edge] != kNone) continue;
      return fmt::format("REPLACE changes a line that is not there: '{}'",
                         trim(search_[edge]).substr(0, 120));
    }
    keep_until(partner_[first]);
    next_ = partner_[last - 1] + 1;
  }
  for (std::size_t j = run.b_begin; j < run.b_end; ++j) {
    out_ += replace_[j];
    out_ += newline_;
  }
  return {};
}

}  // namespace

tl::expected<std::string, std::string> merge_place(const Lines& text, const SimilarPlace& place,
                                                   std::string_view search,
                                                   std::string_view replace,
                                                   std::string_view newline) {
  const Lines search_lines = lines_of(search);
  const auto indents = vote_on_indents(text, search_lines, place.pairs);
  if (!indents) {
    return tl::unexpected<std::string>(
        "its lines are indented in another way than those of SEARCH");
  }
  const std::vector<ChangedRun> changes =
      diff_lines(right_trimmed(search_lines), right_trimmed(lines_of(replace)));
  const std::string indented = reindent(replace, *indents);
  const Lines replace_lines = lines_of(indented);
  Merge merge(text, place, search_lines, replace_lines, newline);
  std::string why = merge.run(changes);
  if (!why.empty()) return tl::unexpected<std::string>(std::move(why));
  return merge.take();
}

}  // namespace genesis
