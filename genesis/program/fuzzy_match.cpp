#include "genesis/program/fuzzy_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/line_similarity.h"

namespace genesis {

namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kPlaces = 8;
constexpr std::size_t kMaxExtraLines = 5;
/// Places that overlap the best one are looked at up to this many lines away.
constexpr std::size_t kMaxShift = 16;
/// A window whose letter pairs are less alike cannot be worth a look.
constexpr double kWorthALook = 0.25;

Lines trimmed(const Lines& lines) {
  Lines out;
  out.reserve(lines.size());
  for (const std::string_view line : lines) out.push_back(trim(line));
  return out;
}

std::size_t letters(const Lines& lines) {
  std::size_t sum = 0;
  for (const std::string_view line : lines) sum += line.size();
  return sum;
}

/// A window by its first line, and how alike its letter pairs are.
struct Window {
  std::size_t first = 0;
  double ratio = 0;
};

/// The most promising windows of `count` lines that do not overlap each other, best first.
std::vector<Window> promising(const Lines& text, const Lines& search) {
  const std::size_t count = std::min(search.size(), text.size());
  PairBag bag(search);
  std::vector<Window> all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bag.add(text[i]);
    if (i + 1 < count) continue;
    const std::size_t first = i + 1 - count;
    if (bag.ratio() >= kWorthALook) all.push_back({first, bag.ratio()});
    bag.remove(text[first]);
  }
  const auto better = [](const Window& a, const Window& b) {
    return a.ratio != b.ratio ? a.ratio > b.ratio : a.first < b.first;
  };
  // Each chosen window can stand in the way of 2 × count - 2 others.
  const std::size_t enough = std::min(all.size(), kPlaces * 2 * count);
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(enough), all.end(),
                    better);
  std::vector<Window> chosen;
  for (std::size_t i = 0; i < enough && chosen.size() < kPlaces; ++i) {
    const bool overlaps = std::any_of(chosen.begin(), chosen.end(), [&](const Window& other) {
      return std::max(all[i].first, other.first) - std::min(all[i].first, other.first) < count;
    });
    if (!overlaps) chosen.push_back(all[i]);
  }
  return chosen;
}

/// Compares places line by line.
class Comparer {
 public:
  Comparer(const Lines& text, const Lines& search, std::uint64_t steps)
      : text_(text),
        search_(search),
        search_letters_(letters(search)),
        extra_(std::clamp<std::size_t>((search.size() + 9) / 10, 1, kMaxExtraLines)),
        steps_(steps) {}

  /// The best pairing near a window; nothing when no line has a like there or the steps ran out.
  std::optional<SimilarPlace> align(std::size_t first);
  /// The pairing line by line from `first` on, if it comes to at least `least`.
  std::optional<SimilarPlace> straight(std::size_t first, double least);
  bool exhausted() const { return letters_.steps() >= steps_; }
  std::uint64_t spent() const { return std::min(letters_.steps(), steps_); }

 private:
  enum class Step : std::uint8_t { start, pair, skip_search, skip_text };
  struct Cell {
    std::int64_t value = 0;
    std::uint32_t common = 0;  ///< Of the pair that leads here.
    Step step = Step::start;
  };
  /// Letters in common, or nothing when the two are less than half alike.
  std::optional<std::size_t> common(std::string_view line);
  SimilarPlace place_of(std::vector<LinePair> pairs, std::size_t common) const;
  void fill(std::vector<Cell>& cells, std::size_t low, std::size_t width);

  const Lines& text_;
  const Lines& search_;
  std::size_t search_letters_;
  std::size_t extra_;
  std::uint64_t steps_;
  CommonLetters letters_;
  std::string_view current_;
};

std::optional<std::size_t> Comparer::common(std::string_view line) {
  const std::size_t both = current_.size() + line.size();
  if (4 * std::min(current_.size(), line.size()) < both) return std::nullopt;
  const std::size_t found = letters_.count(line);
  if (4 * found < both) return std::nullopt;
  return found;
}

SimilarPlace Comparer::place_of(std::vector<LinePair> pairs, std::size_t common) const {
  SimilarPlace place;
  place.first = pairs.front().text;
  place.count = pairs.back().text - place.first + 1;
  place.pairs = std::move(pairs);
  std::size_t all = search_letters_;
  for (std::size_t j = 0; j < place.count; ++j) all += text_[place.first + j].size();
  place.similarity = all == 0 ? 0 : 2 * static_cast<double>(common) / static_cast<double>(all);
  return place;
}

// Local alignment (Smith and Waterman, "Identification of common molecular subsequences", 1981) in
// a band around the window's diagonal. The value of a pairing is 2 × common - 0.8 × letters of the
// place: it is largest where the similarity is, to all that matters near the threshold. In tenths,
// so that equal inputs give equal results on every machine; a pair is worth one more, so that blank
// lines are paired too.
void Comparer::fill(std::vector<Cell>& cells, std::size_t low, std::size_t width) {
  constexpr std::int64_t kCommon = 20, kLetter = 8, kPair = 1;
  const std::size_t m = search_.size();
  const auto better = [](Cell& cell, std::int64_t value, std::size_t common, Step step) {
    if (value > cell.value) cell = {value, static_cast<std::uint32_t>(common), step};
  };
  for (std::size_t i = 0; i <= m; ++i) {
    Cell* const row = cells.data() + i * width;
    if (i < m) letters_.set(current_ = search_[i]);
    for (std::size_t b = 0; b < width; ++b) {
      // Cell (i, b): search lines [0, i) are dealt with, and text lines below low + i + b -
      // width/2.
      const std::size_t shifted = low + i + b;
      if (shifted < width / 2 || shifted - width / 2 > text_.size()) continue;
      const std::size_t j = shifted - width / 2;
      const Cell here = row[b];
      if (i < m && b > 0) better(row[width + b - 1], here.value, 0, Step::skip_search);
      if (j == text_.size()) continue;
      const auto size = static_cast<std::int64_t>(text_[j].size());
      if (b + 1 < width) better(row[b + 1], here.value - kLetter * size, 0, Step::skip_text);
      if (i == m) continue;
      const auto shared = common(text_[j]);
      if (!shared || exhausted()) continue;
      const auto gain = kCommon * static_cast<std::int64_t>(*shared) - kLetter * size + kPair;
      better(row[width + b], here.value + gain, *shared, Step::pair);
    }
  }
}

std::optional<SimilarPlace> Comparer::align(std::size_t first) {
  const std::size_t width = 4 * extra_ + 1;
  std::vector<Cell> cells((search_.size() + 1) * width);
  fill(cells, first, width);
  if (exhausted()) return std::nullopt;
  std::size_t at = 0;
  for (std::size_t c = 1; c < cells.size(); ++c) {
    if (cells[c].step == Step::pair && cells[c].value > cells[at].value) at = c;
  }
  std::vector<LinePair> pairs;
  std::size_t common = 0;
  while (cells[at].step != Step::start) {
    const std::size_t i = at / width, b = at % width;
    switch (cells[at].step) {
      case Step::pair:
        pairs.push_back({i - 1, first + i + b - 1 - width / 2});
        common += cells[at].common;
        at -= width;
        break;
      case Step::skip_search:
        at = at - width + 1;
        break;
      default:
        --at;
    }
  }
  if (pairs.empty()) return std::nullopt;
  std::reverse(pairs.begin(), pairs.end());
  return place_of(std::move(pairs), common);
}

std::optional<SimilarPlace> Comparer::straight(std::size_t first, double least) {
  if (first + search_.size() > text_.size()) return std::nullopt;
  std::size_t all = search_letters_, left = search_letters_, shared = 0;
  for (std::size_t i = 0; i < search_.size(); ++i) all += text_[first + i].size();
  std::vector<LinePair> pairs;
  for (std::size_t i = 0; i < search_.size(); ++i) {
    letters_.set(current_ = search_[i]);
    left -= current_.size();
    if (const auto found = common(text_[first + i])) {
      shared += *found;
      pairs.push_back({i, first + i});
    }
    const double most = 2 * static_cast<double>(shared + left) / static_cast<double>(all);
    if (most < least || exhausted()) return std::nullopt;
  }
  if (pairs.empty()) return std::nullopt;
  return place_of(std::move(pairs), shared);
}

/// Whether most lines of SEARCH stand for the same lines in both: one place, seen twice.
bool same_place(const SimilarPlace& a, const SimilarPlace& b) {
  std::size_t shared = 0;
  auto other = b.pairs.begin();
  for (const LinePair& pair : a.pairs) {
    while (other != b.pairs.end() && other->search < pair.search) ++other;
    if (other != b.pairs.end() && *other == pair) ++shared;
  }
  return 2 * shared >= std::min(a.pairs.size(), b.pairs.size());
}

void add_place(std::vector<SimilarPlace>& places, SimilarPlace place) {
  for (SimilarPlace& known : places) {
    if (!same_place(known, place)) continue;
    if (place.similarity > known.similarity) known = std::move(place);
    return;
  }
  places.push_back(std::move(place));
}

void sort_places(std::vector<SimilarPlace>& places) {
  std::stable_sort(places.begin(), places.end(), [](const SimilarPlace& a, const SimilarPlace& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.first < b.first;
  });
}

/// An alignment finds the best of several places near each other; in a list of similar lines the
/// others, a line or two on, may be as good.
void add_rivals(Comparer& comparer, const std::vector<Window>& windows, std::size_t size,
                std::vector<SimilarPlace>& places) {
  const std::size_t best = places.front().first;
  const double least = places.front().similarity - 0.2;
  const auto look_at = [&](std::size_t first) {
    if (auto place = comparer.straight(first, least)) add_place(places, std::move(*place));
  };
  for (const Window& window : windows) look_at(window.first);
  look_at(best);
  for (std::size_t shift = 1; shift <= std::min(kMaxShift, size - 1); ++shift) {
    if (best >= shift) look_at(best - shift);
    look_at(best + shift);
  }
  sort_places(places);
}

}  // namespace

Status check_options(const FuzzyOptions& options) {
  const auto refuse = [](std::string_view name, double value, std::string_view range) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("fuzzy matching: {} is {}, but must be {}", name, value, range));
  };
  if (!(options.threshold >= 0.6 && options.threshold <= 1)) {
    return refuse("the threshold", options.threshold, "0.6 to 1");
  }
  if (!(options.one_line_threshold >= 0.6 && options.one_line_threshold <= 1)) {
    return refuse("the threshold of one line", options.one_line_threshold, "0.6 to 1");
  }
  if (!(options.margin >= 0 && options.margin <= 1)) {
    return refuse("the margin", options.margin, "0 to 1");
  }
  return {};
}

double threshold_for(const FuzzyOptions& options, const Lines& search) {
  const auto lines = std::count_if(search.begin(), search.end(),
                                   [](std::string_view line) { return !trim(line).empty(); });
  return lines > 1 ? options.threshold : std::max(options.threshold, options.one_line_threshold);
}

SimilarPlaces find_similar(const Lines& text_lines, const Lines& search_lines,
                           std::uint64_t& steps) {
  SimilarPlaces found;
  const Lines search = trimmed(search_lines);
  const std::size_t size = letters(search);
  if (size == 0 || search.size() > kMaxFuzzyLines || size > kMaxFuzzyBytes || text_lines.empty()) {
    return found;
  }
  const Lines text = trimmed(text_lines);
  Comparer comparer(text, search, steps);
  const std::vector<Window> windows = promising(text, search);
  for (const Window& window : windows) {
    if (auto place = comparer.align(window.first)) add_place(found.places, std::move(*place));
  }
  sort_places(found.places);
  if (!found.places.empty()) add_rivals(comparer, windows, search.size(), found.places);
  found.complete = !comparer.exhausted();
  steps -= comparer.spent();
  return found;
}

}  // namespace genesis
