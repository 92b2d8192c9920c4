#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace genesis::evolve {

/// Which programs a run has met, by Program::key(), each with a number of the owner's. Keys are
/// kept as 128-bit values in one table: 24 bytes a slot where a map of strings takes five times as
/// much, which counts at a million programs. One thread.
class KnownPrograms {
 public:
  std::optional<std::int64_t> find(std::string_view key) const;
  /// False, and nothing changes, when the key is known. `number` is not the lowest std::int64_t.
  bool emplace(std::string_view key, std::int64_t number);
  /// Adds the key or gives it another number.
  void set(std::string_view key, std::int64_t number);
  /// False when it was not there.
  bool erase(std::string_view key);
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::int64_t number = 0;
  };

  static Slot slot_for(std::string_view key, std::int64_t number);
  /// The slot of an equal key, or the free one where it would go. Never with an empty table.
  std::size_t position(const Slot& wanted) const;
  std::size_t home(const Slot& slot) const { return slot.low & (slots_.size() - 1); }
  void make_room();

  std::vector<Slot> slots_;  ///< A power of two, at most three quarters in use.
  std::size_t size_ = 0;
};

}  // namespace genesis::evolve
