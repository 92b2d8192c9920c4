#include "genesis/program/match_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

constexpr std::size_t kMaxLine = 160;
constexpr std::size_t kMaxShownLines = 24;
constexpr double kSimilarLine = 0.6;
constexpr double kSimilarBlock = 0.7;

std::string clipped(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.size() <= kMaxLine) return std::string(line);
  return fmt::format("{}… ({} bytes)", line.substr(0, kMaxLine), line.size());
}

void append_lines(std::string& out, const std::vector<std::string_view>& lines,
                  std::string_view lead) {
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxShownLines); ++i) {
    out += fmt::format("{}{}\n", lead, clipped(lines[i]));
  }
  if (lines.size() > kMaxShownLines) {
    out += fmt::format("{}… {} more lines\n", lead, lines.size() - kMaxShownLines);
  }
}

/// Letter pairs of trimmed lines; the first letter is paired with a newline.
template <typename Visit>
void for_each_pair(std::string_view line, Visit visit) {
  unsigned before = '\n';
  for (const char c : trim(line)) {
    const auto now = static_cast<unsigned char>(c);
    visit(before << 8 | now);
    before = now;
  }
}

/// A SEARCH text's letter pairs, and a moving window of program lines measured against them.
class PairBag {
 public:
  explicit PairBag(const std::vector<std::string_view>& lines) : wanted_(65536), window_(65536) {
    for (const std::string_view line : lines) {
      for_each_pair(line, [&](unsigned pair) {
        ++wanted_[pair];
        ++wanted_size_;
      });
    }
  }
  void add(std::string_view line) {
    for_each_pair(line, [&](unsigned pair) {
      if (window_[pair]++ < wanted_[pair]) ++shared_;
      ++window_size_;
    });
  }
  void remove(std::string_view line) {
    for_each_pair(line, [&](unsigned pair) {
      if (--window_[pair] < wanted_[pair]) --shared_;
      --window_size_;
    });
  }
  double ratio() const {
    const std::size_t sum = wanted_size_ + window_size_;
    return sum == 0 ? 0 : 2 * static_cast<double>(shared_) / static_cast<double>(sum);
  }

 private:
  std::vector<std::uint32_t> wanted_, window_;
  std::size_t wanted_size_ = 0, window_size_ = 0, shared_ = 0;
};

/// Some lines of the program that resemble the SEARCH text.
struct Likeness {
  std::size_t line = 0;  ///< Index from 0.
  double ratio = 0;
};

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

std::optional<Likeness> similar_block(const std::vector<std::string_view>& lines,
                                      const std::vector<std::string_view>& wanted) {
  if (wanted.empty() || wanted.size() > lines.size()) return std::nullopt;
  PairBag bag(wanted);
  Likeness best;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bag.add(lines[i]);
    if (i + 1 < wanted.size()) continue;
    const std::size_t first = i + 1 - wanted.size();
    if (bag.ratio() > best.ratio) best = {first, bag.ratio()};
    bag.remove(lines[first]);
  }
  if (best.ratio <= kSimilarBlock) return std::nullopt;
  return best;
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
    if (!failure_.immutable_hit) {
      add_similar_lines();
      add_similar_block();
    }
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
  void add_similar_lines();
  void add_similar_block();
  void add_regions();
  void add_fixes();

  const FailedSearch& failure_;
  std::vector<std::string_view> lines_;
  std::vector<std::string_view> search_;
  std::optional<Likeness> block_;
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

void Report::add_headline() {
  out_ += fmt::format("SEARCH/REPLACE block {} of {} (line {} of the answer): ", failure_.block,
                      failure_.blocks, failure_.answer_line);
  if (!failure_.immutable_hit) {
    out_ += fmt::format("the SEARCH text is not in {}. No block was applied.\n", failure_.file);
    return;
  }
  const std::size_t first = line_number(failure_.text, failure_.immutable_hit->begin);
  out_ += fmt::format(
      "the SEARCH text is in {}, on line {}, but not wholly inside one editable region. No block "
      "was applied.\n",
      failure_.file, first);
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
                        std::floor(like.ratio * 100), editable(like.line, 1),
                        clipped(lines_[like.line]));
  }
}

void Report::add_similar_block() {
  if (search_.size() < 2) return;
  block_ = similar_block(lines_, search_);
  if (!block_) return;
  const std::size_t count = search_.size();
  out_ += fmt::format(
      "Most similar block: lines {}-{} ({:.0f} % alike, {}); - is yours, + is the "
      "program's:\n",
      block_->line + 1, block_->line + count, std::floor(block_->ratio * 100),
      editable(block_->line, count));
  std::vector<std::string> owned;
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(block_->line);
  const std::vector<std::string_view> theirs(first, first + static_cast<std::ptrdiff_t>(count));
  const auto add = [&](char sign, std::string_view line) {
    owned.push_back(fmt::format("{}{}", sign, line));
  };
  std::size_t at = 0;
  // The last SEARCH line has no newline; that is no difference.
  std::vector<std::string_view> yours = search_;
  std::vector<std::string_view> plain = theirs;
  for (auto* list : {&yours, &plain}) {
    for (std::string_view& line : *list) {
      while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    }
  }
  for (const ChangedRun& run : diff_lines(yours, plain)) {
    for (; at < run.a_begin; ++at) add(' ', yours[at]);
    for (; at < run.a_end; ++at) add('-', yours[at]);
    for (std::size_t j = run.b_begin; j < run.b_end; ++j) add('+', plain[j]);
  }
  for (; at < yours.size(); ++at) add(' ', yours[at]);
  append_lines(out_, {owned.begin(), owned.end()}, "  ");
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
      out_ += fmt::format("    {}\n", clipped(lines[j]));
    }
  }
  if (failure_.spans.size() > shown) {
    out_ += fmt::format("  and {} more\n", failure_.spans.size() - shown);
  }
}

void Report::add_fixes() {
  out_ += "What to do:\n";
  if (failure_.immutable_hit) {
    out_ += "  - Change only lines between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.\n";
  } else if (block_) {
    out_ += fmt::format("  - Copy lines {}-{} of the program exactly, white space included.\n",
                        block_->line + 1, block_->line + search_.size());
  } else {
    out_ += "  - Copy the lines to replace from the program exactly, white space included.\n";
  }
  const bool was_there = find_text(failure_.original, failure_.search, [](const TextMatch&) {
                           return true;
                         }).has_value();
  if (!failure_.immutable_hit && failure_.block > 1 && was_there) {
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
