#pragma once

#include <string_view>
#include <vector>

namespace genesis::evolve {

/// The top-level statements of a Python text with the lines around them: runs of whole lines that
/// Python accepts or refuses on their own. One chunk when the text cannot be split safely: a
/// `from __future__` or a `global` at top level has its effect on the rest. The whole text is
/// accepted when all chunks are; a refused chunk should be confirmed on the whole text.
std::vector<std::string_view> split_python(std::string_view text);

}  // namespace genesis::evolve
