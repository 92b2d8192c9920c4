#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

/// Splits a command as a shell splits words: spaces, single and double quotes, backslash. No shell
/// ever sees it, and nothing is expanded. Errors (`invalid_argument`) name `what`: an unclosed
/// quote, no word at all.
Result<std::vector<std::string>> split_words(std::string_view text, std::string_view what);

}  // namespace genesis
