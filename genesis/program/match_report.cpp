#include "genesis/program/match_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/edit_report.h"
#include "genesis/program/line_diff.h"
#include "genesis/program/line_similarity.h"

namespace genesis {

namespace {

constexpr std::size_t kMaxShownLines = 24;
constexpr double kSimilarLine = 0.6;

void append_lines(std::string& out, const std::vector<std::string_view>& lines,
                  std::string_view lead) {
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxShownLines); ++i) {
    out += fmt::format("{}{}\n", lead, clipped_line(lines[i]));
  }
  if (lines.size() > kMaxShownLines) {
    out += fmt::format("{}… {} more lines\n", lead, lines.size() - kMaxShownLines);
  }
}

/// Some lines of the program that resemble the SEARCH text.
struct Likeness {
  std::size_t line = 0;  ///< Index from 0.
  double ratio = 0;
};

/// By letter pairs: a look at every line must be cheap.
std::vector<Likeness> similar_lines(const std::vector<std::string_view>& lines,
                                    std::string_view wanted) {
  std::vector<Likeness> found;
  PairBag bag({wanted});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bag.add(lines[i]);
    if (bag.ratio() > kSimilarLine) found.push_back({i, bag.ratio()});
    bag.remove(lines[i]);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Likeness& a, const Likeness& b) { return a.ratio > b.ratio; });
  if (found.size() > 3) found.resize(3);
  return found;
}

class Report {
 public:
  explicit Report(const FailedSearch& failure)
      : failure_(failure),
        lines_(lines_with_ends(failure.text)),
        search_(lines_with_ends(failure.search)) {}

  std::string write() {
    add_headline();
    out_ += "SEARCH text:\n";
    append_lines(out_, search_, "  | ");
    if (!failure_.immutable_hit) add_similar();
    add_regions();
    add_fixes();
    return to_valid_utf8(out_);
  }

 private:
  std::size_t offset(std::size_t line) const {
    return static_cast<std::size_t>(lines_[line].data() - failure_.text.data());
  }
  std::string_view editable(std::size_t first, std::size_t count) const;
  void add_headline();
  void add_similar();
  void add_similar_lines();
  void add_place(const SimilarPlace& place, bool best);
  std::string lines_text(std::size_t first, std::size_t count) const;
  void add_regions();
  void add_fixes();

  const FailedSearch& failure_;
  std::vector<std::string_view> lines_;
  std::vector<std::string_view> search_;
  std::string out_;
};

std::string_view Report::editable(std::size_t first, std::size_t count) const {
  const std::size_t begin = offset(first);
  const std::size_t end = offset(first + count - 1) + lines_[first + count - 1].size();
  for (const Span& span : failure_.spans) {
    if (span.begin <= begin && end <= span.end) return "editable";
  }
  return "not editable";
}

/// "line 3" or "lines 3-4", from 1.
std::string Report::lines_text(std::size_t first, std::size_t count) const {
  return count == 1 ? fmt::format("line {}", first + 1)
                    : fmt::format("lines {}-{}", first + 1, first + count);
}

void Report::add_headline() {
  out_ += failure_.block + ": ";
  if (!failure_.immutable_hit) {
    out_ += fmt::format("the SEARCH text is not in {}{}{}. No block was applied.\n", failure_.file,
                        failure_.refusal.empty() ? "" : ", and ", failure_.refusal);
    return;
  }
  const std::size_t first = line_number(failure_.text, failure_.immutable_hit->begin);
  out_ += fmt::format(
      "the SEARCH text is in {}, on line {}, but not wholly inside one editable region. No block "
      "was applied.\n",
      failure_.file, first);
}

/// The nearest place with its differences, and others that are about as near; without any, lines
/// like the first one.
void Report::add_similar() {
  if (failure_.similar.empty()) return add_similar_lines();
  const double best = failure_.similar.front().similarity;
  std::size_t shown = 0;
  for (const SimilarPlace& place : failure_.similar) {
    if (shown == 3 || (shown > 0 && place.similarity < best - 0.1)) break;
    add_place(place, shown++ == 0);
  }
}

void Report::add_similar_lines() {
  const auto wanted = std::find_if(search_.begin(), search_.end(),
                                   [](std::string_view line) { return !trim(line).empty(); });
  if (wanted == search_.end()) return;
  const auto found = similar_lines(lines_, *wanted);
  if (found.empty()) return;
  out_ += "Lines like its first line:\n";
  for (const Likeness& like : found) {
    out_ += fmt::format("  line {} ({:.0f} % alike, {}): {}\n", like.line + 1,
                        std::floor(std::min(like.ratio, 0.99) * 100), editable(like.line, 1),
                        clipped_line(lines_[like.line]));
  }
}

void Report::add_place(const SimilarPlace& place, bool best) {
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(place.first);
  out_ += fmt::format("{}: {} ({:.0f} % alike, {}){}\n", best ? "Nearest place" : "Also near",
                      lines_text(place.first, place.count), std::floor(place.similarity * 100),
                      editable(place.first, place.count),
                      best ? "; - is yours, + is the program's:" : "");
  if (!best) return;
  out_ +=
      short_difference(search_, {first, first + static_cast<std::ptrdiff_t>(place.count)}, "  ");
}

void Report::add_regions() {
  const std::size_t shown = std::min<std::size_t>(failure_.spans.size(), 2);
  out_ += fmt::format("Editable regions ({}):\n", failure_.spans.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Span& span = failure_.spans[i];
    const auto lines = lines_with_ends(failure_.text.substr(span.begin, span.end - span.begin));
    const std::size_t first = line_number(failure_.text, span.begin);
    if (lines.empty()) {
      out_ += fmt::format("  before line {}: empty\n", first);
      continue;
    }
    out_ += fmt::format("  lines {}-{}:\n", first, first + lines.size() - 1);
    for (std::size_t j = 0; j < lines.size(); ++j) {
      if (j == 3 && lines.size() > 7) {
        out_ += fmt::format("    … {} lines\n", lines.size() - 6);
        j = lines.size() - 3;
      }
      out_ += fmt::format("    {}\n", clipped_line(lines[j]));
    }
  }
  if (failure_.spans.size() > shown) {
    out_ += fmt::format("  and {} more\n", failure_.spans.size() - shown);
  }
}

void Report::add_fixes() {
  out_ += "What to do:\n";
  if (!failure_.elsewhere.empty()) out_ += fmt::format("  - {}\n", failure_.elsewhere);
  if (failure_.immutable_hit) {
    out_ += "  - Change only lines between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.\n";
  } else if (!failure_.similar.empty()) {
    const SimilarPlace& place = failure_.similar.front();
    out_ += fmt::format("  - Copy {} of the program exactly, white space included.\n",
                        lines_text(place.first, place.count));
  } else {
    out_ += "  - Copy the lines to replace from the program exactly, white space included.\n";
  }
  const bool was_there = find_text(failure_.original, failure_.search, [](const TextMatch&) {
                           return true;
                         }).has_value();
  if (!failure_.immutable_hit && !failure_.first && was_there) {
    out_ +=
        "  - Blocks apply in order, and a block before this one changed this text: search for "
        "what it left.\n";
  }
  if (search_.size() > 10) out_ += "  - Use a shorter SEARCH text: fewer lines, still unique.\n";
  out_ +=
      "  - To add lines and replace none, leave SEARCH empty: they go to the end of the last "
      "editable region.\n";
}

}  // namespace

std::string explain_failed_search(const FailedSearch& failure) {
  return Report(failure).write();
}

}  // namespace genesis
