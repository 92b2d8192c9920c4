#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::store {

/// A part of a run whose scores one evaluator gave: the generations from `first_generation` to the
/// next epoch's. Scores of different epochs are never compared.
struct Epoch {
  std::int64_t number = 1;
  std::int64_t first_generation = 0;
  std::string evaluator_hash;
  std::string manifest_json = "{}";  ///< The evaluator's files; kept for the last epoch only.
  std::int64_t started_at = 0;       ///< Unix milliseconds.
  /// Programs of the epoch before that are evaluated again: generations beyond the run's target.
  std::int64_t rescored = 0;
};

/// The state key under which they are kept.
inline constexpr std::string_view kEpochsKey = "epochs";

/// As one JSON value; empty for a run that has none recorded (its scores are one epoch).
std::string encode_epochs(const std::vector<Epoch>& epochs);
/// Kind `parse` for what is damaged: epochs that do not follow each other, wrong types.
Result<std::vector<Epoch>> decode_epochs(std::string_view text);

/// Where the present epoch begins; 0 where there is none, or where the record cannot be read.
std::int64_t first_generation_of(const std::optional<std::string>& epochs_state);

}  // namespace genesis::store
