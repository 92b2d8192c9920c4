#include "genesis/evolve/known_programs.h"

#include <charconv>
#include <limits>

#include "genesis/base/hash.h"

namespace genesis::evolve {
namespace {

constexpr std::int64_t kFree = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t kFirstSlots = 1024;

std::optional<std::uint64_t> hex64(std::string_view digits) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

KnownPrograms::Slot KnownPrograms::slot_for(std::string_view key, std::int64_t number) {
  if (key.size() == 32) {
    const auto high = hex64(key.substr(0, 16));
    const auto low = hex64(key.substr(16));
    if (high && low) return {*high, *low, number};
  }
  // Not one of Program::key(): any text can be a key.
  return {hash64(key, 1), hash64(key, 2), number};
}

// Keys are hashes, so their bits need no further mixing; linear probing.
std::size_t KnownPrograms::position(const Slot& wanted) const {
  std::size_t at = home(wanted);
  while (slots_[at].number != kFree &&
         (slots_[at].low != wanted.low || slots_[at].high != wanted.high)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

std::optional<std::int64_t> KnownPrograms::find(std::string_view key) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[position(slot_for(key, 0))];
  if (slot.number == kFree) return std::nullopt;
  return slot.number;
}

bool KnownPrograms::emplace(std::string_view key, std::int64_t number) {
  make_room();
  const Slot added = slot_for(key, number);
  Slot& slot = slots_[position(added)];
  if (slot.number != kFree) return false;
  slot = added;
  ++size_;
  return true;
}

void KnownPrograms::set(std::string_view key, std::int64_t number) {
  if (emplace(key, number)) return;
  const Slot wanted = slot_for(key, number);
  slots_[position(wanted)] = wanted;
}

// What follows in the same row of slots moves up, so that no search ends at the gap.
bool KnownPrograms::erase(std::string_view key) {
  if (slots_.empty()) return false;
  std::size_t gap = position(slot_for(key, 0));
  if (slots_[gap].number == kFree) return false;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = (gap + 1) & mask; slots_[at].number != kFree; at = (at + 1) & mask) {
    const std::size_t from_home = (at - home(slots_[at])) & mask;
    if (from_home < ((at - gap) & mask)) continue;  // It would come before its home.
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap].number = kFree;
  --size_;
  return true;
}

void KnownPrograms::make_room() {
  if (!slots_.empty() && size_ + 1 <= slots_.size() / 4 * 3) return;
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2, Slot{0, 0, kFree});
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.number != kFree) slots_[position(slot)] = slot;
  }
}

}  // namespace genesis::evolve
