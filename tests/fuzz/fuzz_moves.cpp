// The text of island moves in a store: whatever the bytes, moves that are written again as they
// were read, or a refusal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "genesis/store/moves.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = genesis::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<store::MoveRecord> moves;
  const bool sound =
      store::decode_moves(7, text, [&](const store::MoveRecord& move) { moves.push_back(move); });
  std::vector<store::MoveRecord> again;
  const bool sound_again = store::decode_moves(
      7, store::encode_moves(moves), [&](const store::MoveRecord& move) { again.push_back(move); });
  if (sound && (!sound_again || again.size() != moves.size())) std::abort();
  for (std::size_t i = 0; i < again.size() && sound; ++i) {
    const bool same = again[i].event == 7 && again[i].generation == moves[i].generation &&
                      again[i].from_island == moves[i].from_island &&
                      again[i].to_island == moves[i].to_island && again[i].copy == moves[i].copy;
    if (!same) std::abort();
  }
  return 0;
}
