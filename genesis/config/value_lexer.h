#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "genesis/config/scalar.h"

namespace genesis::config {

/// The unquoted pieces that Hydra's override grammar and OmegaConf's interpolation grammar share.
enum class Lexeme { none, floating, integer, boolean, null, unquoted, identifier, escape, space };

struct LexemeMatch {
  Lexeme kind = Lexeme::none;
  std::size_t size = 0;
};

/// The longest lexeme at `from`; of equally long ones the first in the order above.
LexemeMatch match_lexeme(std::string_view text, std::size_t from);
/// The value of one lexeme standing alone: 1, 2.5, true, null, or its text unescaped.
Scalar lexeme_value(Lexeme kind, std::string_view text);
/// Every second character: what "\\," and "\\\\" mean.
std::string unescape_pairs(std::string_view text);
std::size_t skip_spaces(std::string_view text, std::size_t from);

}  // namespace genesis::config
