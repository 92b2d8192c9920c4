#include "genesis/program/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "genesis/base/hash.h"

namespace genesis {

std::vector<std::string_view> lines_with_ends(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto at = text.find('\n');
    const std::size_t length = at == std::string_view::npos ? text.size() : at + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

namespace {

using Ids = std::vector<std::uint32_t>;

/// Above this many insertions and deletions the shortest script is not sought: it bounds both the
/// time (lines × kMaxEdits) and the memory (kMaxEdits²).
constexpr std::ptrdiff_t kMaxEdits = 160;
constexpr int kMaxDepth = 8;

struct LineHash {
  std::size_t operator()(std::string_view line) const { return hash64(line); }
};

class LineDiff {
 public:
  LineDiff(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
    std::unordered_map<std::string_view, std::uint32_t, LineHash> numbers;
    numbers.reserve(a.size() + b.size());
    const auto number = [&](std::string_view line) {
      return numbers.emplace(line, static_cast<std::uint32_t>(numbers.size())).first->second;
    };
    a_.reserve(a.size());
    b_.reserve(b.size());
    for (const std::string_view line : a) a_.push_back(number(line));
    for (const std::string_view line : b) b_.push_back(number(line));
    count_a_.resize(numbers.size());
    count_b_.resize(numbers.size());
    place_b_.resize(numbers.size());
  }

  std::vector<ChangedRun> run() {
    compare({0, a_.size(), 0, b_.size()}, 0);
    return std::move(runs_);
  }

 private:
  void compare(ChangedRun range, int depth);
  bool shortest(const ChangedRun& range);
  void backtrack(const ChangedRun& range, std::ptrdiff_t edits);
  bool split_at_anchors(const ChangedRun& range, int depth);
  std::vector<std::pair<std::size_t, std::size_t>> anchors(const ChangedRun& range);
  void add(const ChangedRun& run);

  Ids a_, b_;
  std::vector<ChangedRun> runs_;
  std::vector<std::vector<std::int32_t>> trace_;  ///< Furthest x per diagonal, for each count.
  std::vector<std::uint32_t> count_a_, count_b_;
  std::vector<std::size_t> place_b_;
};

/// Runs come in order; those that touch become one.
void LineDiff::add(const ChangedRun& run) {
  if (!runs_.empty() && runs_.back().a_end == run.a_begin && runs_.back().b_end == run.b_begin) {
    runs_.back().a_end = run.a_end;
    runs_.back().b_end = run.b_end;
  } else {
    runs_.push_back(run);
  }
}

void LineDiff::compare(ChangedRun range, int depth) {
  while (range.a_begin < range.a_end && range.b_begin < range.b_end &&
         a_[range.a_begin] == b_[range.b_begin]) {
    ++range.a_begin;
    ++range.b_begin;
  }
  while (range.a_begin < range.a_end && range.b_begin < range.b_end &&
         a_[range.a_end - 1] == b_[range.b_end - 1]) {
    --range.a_end;
    --range.b_end;
  }
  if (range.a_begin == range.a_end && range.b_begin == range.b_end) return;
  if (range.a_begin == range.a_end || range.b_begin == range.b_end) return add(range);
  if (shortest(range)) return;
  if (depth < kMaxDepth && split_at_anchors(range, depth)) return;
  add(range);
}

/// Myers' greedy search; false when more than kMaxEdits edits are needed.
bool LineDiff::shortest(const ChangedRun& range) {
  const auto n = static_cast<std::ptrdiff_t>(range.a_end - range.a_begin);
  const auto m = static_cast<std::ptrdiff_t>(range.b_end - range.b_begin);
  if (std::abs(n - m) > kMaxEdits) return false;
  const std::uint32_t* const a = a_.data() + range.a_begin;
  const std::uint32_t* const b = b_.data() + range.b_begin;
  const std::ptrdiff_t limit = std::min(n + m, kMaxEdits);
  std::vector<std::int32_t> furthest(static_cast<std::size_t>(2 * limit + 3), 0);
  const auto at = [&](std::ptrdiff_t k) -> std::int32_t& {
    return furthest[static_cast<std::size_t>(k + limit + 1)];
  };
  trace_.clear();
  for (std::ptrdiff_t d = 0; d <= limit; ++d) {
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      std::ptrdiff_t x = down ? at(k + 1) : at(k - 1) + 1;
      while (x < n && x - k < m && x - k >= 0 && a[x] == b[x - k]) ++x;
      at(k) = static_cast<std::int32_t>(x);
      if (x >= n && x - k >= m) {
        backtrack(range, d);
        return true;
      }
    }
    // Only diagonals -d … d have been reached.
    trace_.emplace_back(&at(-d), &at(d) + 1);
  }
  return false;
}

void LineDiff::backtrack(const ChangedRun& range, std::ptrdiff_t edits) {
  auto x = static_cast<std::ptrdiff_t>(range.a_end - range.a_begin);
  auto y = static_cast<std::ptrdiff_t>(range.b_end - range.b_begin);
  std::vector<ChangedRun> steps;
  for (std::ptrdiff_t d = edits; d > 0; --d) {
    const std::vector<std::int32_t>& before = trace_[static_cast<std::size_t>(d - 1)];
    const auto at = [&](std::ptrdiff_t k) -> std::ptrdiff_t {
      return k < -(d - 1) || k > d - 1 ? -1 : before[static_cast<std::size_t>(k + d - 1)];
    };
    const std::ptrdiff_t k = x - y;
    const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
    const std::ptrdiff_t from_k = down ? k + 1 : k - 1;
    const std::ptrdiff_t from_x = at(from_k);
    const std::ptrdiff_t from_y = from_x - from_k;
    const auto a = range.a_begin + static_cast<std::size_t>(from_x);
    const auto b = range.b_begin + static_cast<std::size_t>(from_y);
    steps.push_back(down ? ChangedRun{a, a, b, b + 1} : ChangedRun{a, a + 1, b, b});
    x = from_x;
    y = from_y;
  }
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) add(*step);
}

/// Pairs of lines that occur once in each range, longest increasing run of them.
std::vector<std::pair<std::size_t, std::size_t>> LineDiff::anchors(const ChangedRun& range) {
  for (std::size_t i = range.a_begin; i < range.a_end; ++i) ++count_a_[a_[i]];
  for (std::size_t j = range.b_begin; j < range.b_end; ++j) {
    ++count_b_[b_[j]];
    place_b_[b_[j]] = j;
  }
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = range.a_begin; i < range.a_end; ++i) {
    if (count_a_[a_[i]] == 1 && count_b_[a_[i]] == 1) pairs.emplace_back(i, place_b_[a_[i]]);
  }
  for (std::size_t i = range.a_begin; i < range.a_end; ++i) count_a_[a_[i]] = 0;
  for (std::size_t j = range.b_begin; j < range.b_end; ++j) count_b_[b_[j]] = 0;

  constexpr auto kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> tops;  // Patience sorting: index of the pair on top of each pile.
  std::vector<std::size_t> previous(pairs.size(), kNone);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const auto pile = std::lower_bound(
        tops.begin(), tops.end(), pairs[p].second,
        [&](std::size_t top, std::size_t place) { return pairs[top].second < place; });
    if (pile != tops.begin()) previous[p] = *(pile - 1);
    if (pile == tops.end()) {
      tops.push_back(p);
    } else {
      *pile = p;
    }
  }
  std::vector<std::pair<std::size_t, std::size_t>> chain;
  for (std::size_t p = tops.empty() ? kNone : tops.back(); p != kNone; p = previous[p]) {
    chain.push_back(pairs[p]);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

bool LineDiff::split_at_anchors(const ChangedRun& range, int depth) {
  const auto chain = anchors(range);
  if (chain.empty()) return false;
  std::size_t a = range.a_begin;
  std::size_t b = range.b_begin;
  for (const auto& [next_a, next_b] : chain) {
    compare({a, next_a, b, next_b}, depth + 1);
    a = next_a + 1;
    b = next_b + 1;
  }
  compare({a, range.a_end, b, range.b_end}, depth + 1);
  return true;
}

}  // namespace

std::vector<ChangedRun> diff_lines(const std::vector<std::string_view>& a,
                                   const std::vector<std::string_view>& b) {
  return LineDiff(a, b).run();
}

}  // namespace genesis
