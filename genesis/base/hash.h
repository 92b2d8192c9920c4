#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis {

/// XXH3, 64 bits: for tables and streams inside one process or run; not for content addresses.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// XXH3, 128 bits, as 32 hex digits: duplicate keys.
std::string hash128_hex(std::string_view bytes);

/// SHA-256 as 64 hex digits: content addresses (evaluators, configurations).
std::string sha256_hex(std::string_view bytes);

/// The same of a file, whatever its size; links are followed. Errors: what opening and reading say.
/// Blocking; any thread.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

/// `count` random hex digits from the kernel: run ids and tokens, never for draws.
std::string random_hex(std::size_t count);

}  // namespace genesis
