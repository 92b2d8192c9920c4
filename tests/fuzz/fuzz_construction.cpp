// Constructions from anywhere: JSON, text, NumPy archives. Reading ends with circles or an error,
// and the exact check ends with a verdict.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "evaluators/circle_packing/construction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto circles = genesis::circle_packing::parse_construction(bytes, "fuzz");
  if (!circles || circles->size() > 40) return 0;
  const auto verdict = genesis::circle_packing::verify_circle_packing(*circles);
  if (verdict && verdict->valid != verdict->problem.empty()) std::abort();
  return 0;
}
