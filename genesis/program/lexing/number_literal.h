#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/program/lexing/lexical_profile.h"

namespace genesis {

/// A number as a program writes it, taken apart. Views point into the text it was parsed from.
struct NumberLiteral {
  double value = 0;
  std::int64_t integer = 0;  ///< When is_integer.
  bool is_integer = false;
  bool imaginary = false;
  int radix = 10;           ///< 2, 8, 10 or 16; not 10 only for integers.
  char exponent = 'e';      ///< The letter that keeps its precision: e, d (Fortran), f (Julia).
  std::string_view prefix;  ///< "0x"
  std::string_view suffix;  ///< "f", "_dp", "usize"
};

/// Empty for what should be left alone: unknown suffixes, C octals, values beyond the range.
std::optional<NumberLiteral> parse_number(std::string_view text, const LexicalProfile& profile);

/// `value` (finite, not negative) in the notation of `like`; reads back as exactly this value in
/// the precision that the notation has.
std::string format_real(double value, const NumberLiteral& like);
std::string format_integer(std::int64_t value, const NumberLiteral& like);

}  // namespace genesis
