// What a job's script says from a sandbox, where the candidate could have said it: the record of
// its end, small results, references. Nothing breaks, and no result's name leads out of its folder.
// A price file, once it is JSON: no cost is anything but a number from 0 on.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "launch/e2b/job_ref.h"
#include "launch/e2b/job_wrapper.h"
#include "launch/prices.h"

namespace {

using namespace genesis::launch;
using namespace genesis::launch::e2b;

void require(bool condition) {
  if (!condition) std::abort();
}

bool stays_below(const std::string& name) {
  const auto whole = (std::filesystem::path("/results") / name).lexically_normal().string();
  return whole.starts_with("/results/");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = parse_exit_record(text)) {
    require(record->code >= 0 && record->code <= 255 && record->wall.count() >= 0);
    for (const auto& [name, bytes] : record->files) require(stays_below(name));
  }
  if (const auto answer = parse_answer(text)) {
    for (const auto& [name, bytes] : answer->files) {
      require(stays_below(name) && bytes.size() <= kInlineBytes);
    }
    require(parse_answer(std::string(text) + "rest").has_value());
  }
  require(parse_shell_times(text).count() >= 0);
  if (const auto ref = parse_ref(text)) {
    const auto again = parse_ref(to_text(*ref));
    require(again && again->sandbox == ref->sandbox);
  }
  if (const auto prices =
          genesis::launch::parse_prices(nlohmann::json::parse(text, nullptr, false), "prices")) {
    require(!prices->empty());
    for (const auto& [kind, price] : prices->overrides) {
      const auto cost = prices->for_kind(kind).of(3600, 4, 8);
      require(cost && std::isfinite(*cost) && *cost >= 0);
    }
  }
  return 0;
}
