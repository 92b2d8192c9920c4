#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace genesis {

/// A counter-based random stream: the same (run seed, purpose, id) gives the same numbers on every
/// machine and in any order of use, so that a proposal can be drawn again after a crash.
///
/// Generator: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
/// 1, 2, 3", SC'11). Distributions are our own, because the standard library's differ by vendor.
/// A value type; one thread at a time.
class RandomStream {
 public:
  using result_type = std::uint32_t;

  /// `purpose` names what the numbers are for ("parent", "operator", …); `id` is a proposal or
  /// program id.
  RandomStream(std::uint64_t run_seed, std::string_view purpose, std::uint64_t id);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return UINT32_MAX; }
  result_type operator()();

  std::uint64_t next64();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform integer in [0, bound), without modulo bias. bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box–Muller).
  double normal();
  bool chance(double probability) { return uniform() < probability; }
  /// Index drawn in proportion to the weights; negative and NaN weights count as zero. When all are
  /// zero the draw is uniform. weights must not be empty.
  std::size_t weighted(std::span<const double> weights);

 private:
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

}  // namespace genesis
