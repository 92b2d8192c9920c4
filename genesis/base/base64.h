#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace genesis {

/// Standard alphabet, padded. Pure; any thread.
std::string to_base64(std::string_view bytes);

/// Either alphabet, padding optional, nothing else: absent when the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace genesis
