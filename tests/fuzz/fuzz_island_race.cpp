// The saved state of the islands' race in a store: whatever the bytes, a state that is saved as it
// was loaded and goes on, or a refusal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "genesis/evolve/island_race.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using genesis::evolve::IslandRace;
  IslandRace race(2, 5);
  if (!race.load(std::string_view(reinterpret_cast<const char*>(data), size))) return 0;
  IslandRace again(2, 5);
  if (!again.load(race.save()) || again.save() != race.save()) std::abort();
  for (int i = 0; i < 20; ++i) (void)race.begins_again(i % 2, i * 0.5);
  if (!again.load(race.save())) std::abort();
  return 0;
}
