#include "genesis/program/line_similarity.h"

#include <algorithm>
#include <bit>

#include "genesis/base/text.h"

namespace genesis {

namespace {

/// The letters that both lines begin with, and those that they end with behind them.
std::size_t common_ends(std::string_view a, std::string_view b) {
  const auto front = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  a.remove_prefix(front);
  b.remove_prefix(front);
  const auto back = static_cast<std::size_t>(
      std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
  return front + back;
}

/// Letter pairs of a trimmed line; the first letter is paired with a newline.
template <typename Visit>
void for_each_pair(std::string_view line, std::size_t buckets, Visit visit) {
  unsigned before = '\n';
  for (const char c : trim(line)) {
    const auto now = static_cast<unsigned char>(c);
    visit((before * 131 + now) % buckets);
    before = now;
  }
}

}  // namespace

void CommonLetters::set(std::string_view line) {
  for (const char c : line_.substr(0, words_ == 0 ? 0 : line_.size())) {
    places_[static_cast<unsigned char>(c)].fill(0);
  }
  line_ = line;
  words_ = line.size() <= kMaxLine ? (line.size() + 63) / 64 : 0;
  if (words_ == 0) return;
  for (std::size_t i = 0; i < line.size(); ++i) {
    places_[static_cast<unsigned char>(line[i])][i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

std::size_t CommonLetters::count(std::string_view other) {
  if (line_ == other) {
    steps_ += 1 + line_.size() / 16;
    return line_.size();
  }
  if (words_ == 0 || other.size() > kMaxLine) {
    steps_ += 1 + std::min(line_.size(), other.size()) / 8;
    return common_ends(line_, other);
  }
  steps_ += 1 + other.size() * words_;
  std::array<std::uint64_t, kMaxLine / 64> row;
  row.fill(~std::uint64_t{0});
  for (const char c : other) {
    const auto& places = places_[static_cast<unsigned char>(c)];
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const std::uint64_t hit = row[w] & places[w];
      const std::uint64_t sum = row[w] + hit;
      const std::uint64_t with_carry = sum + carry;
      carry = static_cast<std::uint64_t>(sum < hit) | static_cast<std::uint64_t>(with_carry < sum);
      row[w] = with_carry | (row[w] - hit);
    }
  }
  std::size_t common = 0;
  for (std::size_t w = 0; w < words_; ++w) {
    const std::size_t used = std::min<std::size_t>(64, line_.size() - w * 64);
    const std::uint64_t mask = used == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << used) - 1;
    common += static_cast<std::size_t>(std::popcount(~row[w] & mask));
  }
  return common;
}

PairBag::PairBag(const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) {
    for_each_pair(line, kBuckets, [&](std::size_t pair) {
      ++wanted_[pair];
      ++wanted_size_;
    });
  }
}

void PairBag::add(std::string_view line) {
  for_each_pair(line, kBuckets, [&](std::size_t pair) {
    if (window_[pair]++ < wanted_[pair]) ++shared_;
    ++window_size_;
  });
}

void PairBag::remove(std::string_view line) {
  for_each_pair(line, kBuckets, [&](std::size_t pair) {
    if (--window_[pair] < wanted_[pair]) --shared_;
    --window_size_;
  });
}

double PairBag::ratio() const {
  const std::size_t sum = wanted_size_ + window_size_;
  return sum == 0 ? 0 : 2 * static_cast<double>(shared_) / static_cast<double>(sum);
}

}  // namespace genesis
