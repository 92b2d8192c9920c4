#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/rng.h"
#include "genesis/evolve/operators/source_view.h"
#include "genesis/program/lexing/number_literal.h"

namespace genesis::evolve {

/// A number in a mutable block. A minus sign that belongs to it is part of the site.
struct LiteralSite {
  std::uint32_t file = 0;
  std::uint32_t token = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool negative = false;
  bool bare_minus_is_safe = false;  ///< `-x` may be written here without parentheses.
  bool in_arithmetic = false;       ///< An arithmetic operator stands beside it.
  NumberLiteral number;

  double value() const { return negative ? -number.value : number.value; }
  std::int64_t integer() const { return negative ? -number.integer : number.integer; }
};

/// All numbers that may be changed, in the order of the text.
std::vector<LiteralSite> literal_sites(const SourceView& view);
/// Those of the tokens [first, last) of one file.
void append_literal_sites(const SourceView& view, std::uint32_t file, std::uint32_t first,
                          std::uint32_t last, std::vector<LiteralSite>& sites);

/// The text that puts this value in the site's place.
std::string real_text(const LiteralSite& site, double value);
std::string integer_text(const LiteralSite& site, std::int64_t value);

/// The middle magnitude of the real numbers other than zero, the scale for steps that are not
/// relative; 1 when there are none.
double typical_magnitude(const std::vector<LiteralSite>& sites);

}  // namespace genesis::evolve
