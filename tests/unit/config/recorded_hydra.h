#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "genesis/base/files.h"
#include "genesis/config/node.h"
#include "genesis/config/reject.h"

namespace genesis::config {

/// 2026-11-20T23:07:05.123Z, the time of all recordings.
inline constexpr std::int64_t kRecordedTime = 1795216025123;

/// tests/golden/hydra
fs::path recorded_folder();
std::string replace_all(std::string text, const std::string& from, const std::string& to);

/// Hydra's exception names in our classes, and ours as text.
std::string expected_class(const std::string& python);
std::string class_name(Reject reject);

/// The parts of the hydra node that do not depend on the machine or on help texts.
std::string hydra_part(const Node& tree);

/// Empty when both are equal; else both from the first line on that differs.
std::string text_difference(const std::string& what, const std::string& hydra,
                            const std::string& ours);

struct Tally {
  int cases = 0;
  int answered = 0;  ///< Not rejected by Hydra.
  int mismatches = 0;
};

/// Writes each case's files to a folder of its own and asks `difference` about it (empty: ours is
/// Hydra's). GOLDEN_CASE=number in the environment runs one case and shows its files.
Tally run_recorded(const std::string& file, const std::string& fixtures,
                   const std::function<std::string(const nlohmann::json& entry,
                                                   const fs::path& root)>& difference);

}  // namespace genesis::config
