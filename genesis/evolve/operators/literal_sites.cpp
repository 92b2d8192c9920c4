#include "genesis/evolve/operators/literal_sites.h"

#include <algorithm>
#include <cmath>

namespace genesis::evolve {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

bool is_arithmetic(std::string_view sign) {
  return sign == "+" || sign == "-" || sign == "*" || sign == "/" || sign == "**" || sign == "^" ||
         sign == "//" || sign == "%";
}

bool binds_tighter_than_minus(std::string_view sign) {
  return sign == "**" || sign == "^" || sign == "." || sign == ".^";
}

/// The token before that is neither comment nor newline; kNone at the start.
std::uint32_t token_before(const ViewedFile& file, std::uint32_t token) {
  while (token > 0) {
    const TokenKind kind = file.kind_of(--token);
    if (kind != TokenKind::comment && kind != TokenKind::newline) return token;
  }
  return kNone;
}

/// After these a minus sign is read as the sign of what follows. Data formats have no arithmetic: a
/// sign belongs to the number it touches.
bool allows_sign(const ViewedFile& file, std::uint32_t token) {
  if (file.profile->arithmetic.empty()) return true;
  if (token == kNone) return false;
  if (file.kind_of(token) == TokenKind::open) return true;
  const std::string_view text = file.text_of(token);
  return text == "," || text == "=" || text == ":" || text == "return" || text == ":=";
}

void find_sign(const ViewedFile& file, std::uint32_t begin_of_block, LiteralSite& site) {
  const std::uint32_t before = token_before(file, site.token);
  const std::string_view next =
      site.token + 1 < file.tokens.size() && file.kind_of(site.token + 1) == TokenKind::sign
          ? file.text_of(site.token + 1)
          : std::string_view();
  const bool next_binds = binds_tighter_than_minus(next);
  site.in_arithmetic = is_arithmetic(next);
  site.bare_minus_is_safe = !next_binds && allows_sign(file, before);
  if (before == kNone || file.kind_of(before) != TokenKind::sign) return;
  const std::string_view sign = file.text_of(before);
  site.in_arithmetic = site.in_arithmetic || is_arithmetic(sign);
  const bool touches = file.tokens[before].end == site.begin;
  const std::uint32_t earlier = token_before(file, before);
  if (sign != "-" || !touches || next_binds || !allows_sign(file, earlier)) return;
  if (file.tokens[before].begin < begin_of_block) return;
  site.begin = file.tokens[before].begin;
  site.negative = true;
  site.bare_minus_is_safe = true;
  site.in_arithmetic = is_arithmetic(next);
}

}  // namespace

void append_literal_sites(const SourceView& view, std::uint32_t file_index, std::uint32_t first,
                          std::uint32_t last, std::vector<LiteralSite>& sites) {
  const ViewedFile& file = view.files[file_index];
  const std::uint32_t begin_of_block = first < last ? file.tokens[first].begin : 0;
  for (std::uint32_t token = first; token < last; ++token) {
    if (file.kind_of(token) != TokenKind::number) continue;
    const auto number = parse_number(file.text_of(token), *file.profile);
    if (!number) continue;
    LiteralSite site;
    site.file = file_index;
    site.token = token;
    site.begin = file.tokens[token].begin;
    site.end = file.tokens[token].end;
    site.number = *number;
    find_sign(file, begin_of_block, site);
    sites.push_back(site);
  }
}

std::vector<LiteralSite> literal_sites(const SourceView& view) {
  std::vector<LiteralSite> sites;
  sites.reserve(32);
  for (std::uint32_t file = 0; file < view.files.size(); ++file) {
    for (const MutableBlock& block : view.files[file].blocks) {
      append_literal_sites(view, file, block.first_token, block.last_token, sites);
    }
  }
  return sites;
}

std::string real_text(const LiteralSite& site, double value) {
  const std::string digits = format_real(std::fabs(value), site.number);
  if (!std::signbit(value) || value == 0) return digits;
  return site.bare_minus_is_safe ? "-" + digits : "(-" + digits + ")";
}

std::string integer_text(const LiteralSite& site, std::int64_t value) {
  const std::string digits = format_integer(value < 0 ? -value : value, site.number);
  if (value >= 0) return digits;
  return site.bare_minus_is_safe ? "-" + digits : "(-" + digits + ")";
}

double typical_magnitude(const std::vector<LiteralSite>& sites) {
  std::vector<double> magnitudes;
  magnitudes.reserve(sites.size());
  for (const LiteralSite& site : sites) {
    if (!site.number.is_integer && site.number.value != 0) magnitudes.push_back(site.number.value);
  }
  if (magnitudes.empty()) return 1;
  const auto middle = magnitudes.begin() + static_cast<std::ptrdiff_t>(magnitudes.size() / 2);
  std::nth_element(magnitudes.begin(), middle, magnitudes.end());
  return *middle;
}

}  // namespace genesis::evolve
