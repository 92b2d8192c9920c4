#pragma once

#include <string_view>

namespace genesis::config {

/// Whether all of `text` matches a shell pattern as Python's fnmatch reads it: `*`, `?`, `[abc]`,
/// `[a-z]`, `[!a]`; everything else, a backslash and an unclosed `[` included, is itself.
/// Characters are code points; invalid UTF-8 counts byte by byte. Time is at most the product of
/// the lengths.
bool glob_match(std::string_view text, std::string_view pattern);

}  // namespace genesis::config
