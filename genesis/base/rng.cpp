#include "genesis/base/rng.h"

#include <cmath>
#include <numbers>

#include "genesis/base/hash.h"

namespace genesis {

RandomStream::RandomStream(std::uint64_t run_seed, std::string_view purpose, std::uint64_t id)
    : key_{static_cast<std::uint32_t>(run_seed), static_cast<std::uint32_t>(run_seed >> 32)} {
  // The counter's low word counts blocks; id and purpose fill the rest. A stream of more than 2^32
  // blocks does not occur: a proposal uses a few dozen numbers.
  const std::uint64_t stream = hash64(purpose, id);
  counter_ = {0, static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(stream),
              static_cast<std::uint32_t>(stream >> 32)};
}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == 4) refill();
  return block_[used_++];
}

void RandomStream::refill() {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
  auto x = counter_;
  auto k = key_;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * x[0];
    const std::uint64_t p1 = kMultiplier1 * x[2];
    x = {static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  block_ = x;
  used_ = 0;
  ++counter_[0];
}

std::uint64_t RandomStream::next64() {
  const std::uint64_t high = (*this)();
  return high << 32 | (*this)();
}

double RandomStream::uniform() {
  return static_cast<double>(next64() >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next64();
    if (value >= threshold) return value % bound;
  }
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::size_t RandomStream::weighted(std::span<const double> weights) {
  double total = 0;
  for (const double weight : weights) total += weight > 0 ? weight : 0;
  if (!(total > 0) || !std::isfinite(total)) return below(weights.size());
  double remaining = uniform() * total;
  std::size_t last_positive = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0)) continue;
    last_positive = i;
    remaining -= weights[i];
    if (remaining < 0) return i;
  }
  return last_positive;  // rounding left a crumb
}

}  // namespace genesis
