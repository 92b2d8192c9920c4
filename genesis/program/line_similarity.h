#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace genesis {

/// How many letters two lines have in common, in order: the length of their longest common
/// subsequence, in bytes. Bit-parallel (Hyyrö: "Bit-parallel LCS-length computation revisited",
/// 2004): a machine word holds 64 letters of one line. Lines above kMaxLine bytes are compared by
/// their common beginning and end only, which is never more than the true number.
class CommonLetters {
 public:
  static constexpr std::size_t kMaxLine = 512;

  /// The line that the next ones are compared with; it must stay alive.
  void set(std::string_view line);
  std::size_t count(std::string_view other);
  /// Steps spent so far: what a bound on the whole is measured in. Equal inputs, equal steps.
  std::uint64_t steps() const { return steps_; }

 private:
  std::string_view line_;
  std::size_t words_ = 0;
  std::array<std::array<std::uint64_t, kMaxLine / 64>, 256> places_{};
  std::uint64_t steps_ = 0;
};

/// Letter pairs of some lines, and of a window that moves over others: their Sørensen-Dice
/// coefficient (Dice, 1945) tells cheaply where a text may be. Pairs are counted in buckets, so the
/// coefficient can only be too high. White space around lines does not count.
class PairBag {
 public:
  explicit PairBag(const std::vector<std::string_view>& lines);
  void add(std::string_view line);
  void remove(std::string_view line);
  double ratio() const;

 private:
  static constexpr std::size_t kBuckets = 4096;
  std::array<std::uint32_t, kBuckets> wanted_{};
  std::array<std::uint32_t, kBuckets> window_{};
  std::size_t wanted_size_ = 0, window_size_ = 0, shared_ = 0;
};

}  // namespace genesis
