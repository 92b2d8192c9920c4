#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "evaluators/evaluator_identity.h"
#include "genesis/base/error.h"

namespace genesis::evaluators {

/// Smaller files are read at every start: that costs less than it would to be misled.
inline constexpr std::uint64_t kLeastRemembered = 1u << 20;

/// Hashes of an evaluator's large files, so that a start need not read a data set again whose stamp
/// is as it was. A memory that is missing, damaged or not ours is an empty one.
std::vector<EvaluatorFile> recall_hashes(const std::filesystem::path& file);
std::vector<EvaluatorFile> parse_hash_memory(std::string_view text);
Status remember_hashes(const std::filesystem::path& file, const EvaluatorManifest& manifest);

}  // namespace genesis::evaluators
