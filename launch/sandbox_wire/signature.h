#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace genesis::sandbox_wire {

enum class FileAccess { read, write };

/// What a signed file URL carries: path and user exactly as they stand (decoded) in its query.
std::string file_signature(std::string_view path, FileAccess access, std::string_view user,
                           std::string_view token, std::optional<std::int64_t> expiration);

/// Compares in a time that does not depend on where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace genesis::sandbox_wire
