#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace genesis::config {

/// An integer outside 64 bits, as decimal digits with an optional '-': kept so that it is written
/// back as it was, as Python does.
struct BigInteger {
  std::string digits;
  bool operator==(const BigInteger&) const = default;
};

struct Null {
  bool operator==(const Null&) const = default;
};

/// A leaf value with OmegaConf's types. "???" (missing) and "${…}" (interpolation) are strings.
using Scalar = std::variant<Null, bool, std::int64_t, BigInteger, double, std::string>;

bool is_missing(const Scalar& scalar);        ///< The text "???".
bool is_interpolation(const Scalar& scalar);  ///< A text that holds "${".
/// Equality of dictionary keys and values as Python sees it: 1 == 1.0 == True.
bool python_equal(const Scalar& a, const Scalar& b);

/// Python's int(text) and float(text), for casts, list indexes and the quoting of strings.
std::optional<Scalar> python_int(std::string_view text);
std::optional<double> python_float(std::string_view text);
/// An optionally signed number in base 2, 8, 10 or 16 without prefix or separators; any size.
std::optional<Scalar> parse_integer(std::string_view digits, int base, bool negative);

std::string python_float_text(double value);    ///< repr(float): "1e-07", "1.0", "inf".
std::string python_str(const Scalar& scalar);   ///< str(value): "None", "True", "1.0".
std::string python_repr(const Scalar& scalar);  ///< repr(value): strings quoted.

/// What a plain (unquoted) YAML scalar means to OmegaConf's loader: YAML 1.1 as PyYAML resolves it,
/// with OmegaConf's float pattern and no timestamps.
enum class PlainKind { value, merge_key, value_key };
struct PlainScalar {
  PlainKind kind = PlainKind::value;
  Scalar value;
};
PlainScalar resolve_plain(std::string_view text);
/// The same for an explicit tag such as "!!int" given as its short name; none when it does not fit.
std::optional<Scalar> construct_int(std::string_view text);
std::optional<Scalar> construct_float(std::string_view text);
std::optional<Scalar> construct_bool(std::string_view text);

}  // namespace genesis::config
