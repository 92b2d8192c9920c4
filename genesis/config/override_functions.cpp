#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "genesis/config/override.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

using Kind = OverrideValue::Kind;
using Arguments = std::vector<CallArgument>;

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::override_syntax, message);
}

bool is_number(const OverrideValue& value) {
  return value.kind == Kind::scalar && (std::holds_alternative<std::int64_t>(value.scalar) ||
                                        std::holds_alternative<BigInteger>(value.scalar) ||
                                        std::holds_alternative<double>(value.scalar));
}
bool is_text(const OverrideValue& value) {
  return value.kind == Kind::scalar && std::holds_alternative<std::string>(value.scalar);
}
bool is_null(const OverrideValue& value) {
  return value.kind == Kind::scalar && std::holds_alternative<Null>(value.scalar);
}

OverrideValue sweep_value(SweepKind kind, std::vector<OverrideValue> items = {}) {
  OverrideValue value;
  value.kind = Kind::sweep;
  value.sweep = kind;
  value.items = std::move(items);
  return value;
}

Scalar cast_int(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return std::int64_t{*flag ? 1 : 0};
  if (const auto* number = std::get_if<double>(&scalar)) {
    if (!std::isfinite(*number)) fail("int() of a number that is not finite");
    if (std::fabs(*number) < 9.2e18) return static_cast<std::int64_t>(*number);
    char digits[400];
    std::snprintf(digits, sizeof digits, "%.0f", std::trunc(*number));
    return BigInteger{digits};
  }
  if (const auto* text = std::get_if<std::string>(&scalar)) {
    const auto value = python_int(*text);
    if (!value) fail("int() of '" + *text + "'");
    return *value;
  }
  return scalar;
}

Scalar cast_float(const Scalar& scalar) {
  if (std::holds_alternative<double>(scalar)) return scalar;
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? 1.0 : 0.0;
  if (const auto* number = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*number);
  const auto value = python_float(python_str(scalar));
  if (!value) fail("float() of '" + python_str(scalar) + "'");
  return *value;
}

Scalar cast_text(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return std::string(*flag ? "true" : "false");
  return python_str(scalar);
}

Scalar cast_bool(const Scalar& scalar) {
  if (std::holds_alternative<bool>(scalar)) return scalar;
  if (const auto* number = std::get_if<std::int64_t>(&scalar)) return *number != 0;
  if (const auto* number = std::get_if<double>(&scalar)) return *number != 0;
  if (std::holds_alternative<BigInteger>(scalar)) return true;
  std::string text = std::get<std::string>(scalar);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (text == "true") return true;
  if (text == "false") return false;
  fail("bool() of '" + text + "'");
}

using Cast = Scalar (*)(const Scalar&);

OverrideValue apply_cast(const OverrideValue& value, Cast cast) {
  OverrideValue result = value;
  result.quoted = false;
  for (OverrideValue& item : result.items) item = apply_cast(item, cast);
  if (value.kind == Kind::scalar) {
    if (is_null(value)) fail("a cast of null");
    result.scalar = cast(value.scalar);
  }
  const bool numeric = cast == &cast_int || cast == &cast_float;
  if (value.sweep == SweepKind::glob) fail("a cast of glob()");
  if (value.sweep == SweepKind::range && !numeric) fail("a range can only become int or float");
  if (value.sweep == SweepKind::interval && !numeric) fail("an interval can only become a number");
  return result;
}

/// Takes the argument called `name`, or the positional one at `index`.
std::optional<OverrideValue> take(Arguments& arguments, std::string_view name, std::size_t index) {
  std::size_t position = 0;
  for (auto it = arguments.begin(); it != arguments.end(); ++it) {
    const bool match = it->name.empty() ? position++ == index : it->name == name;
    if (!match) continue;
    OverrideValue value = std::move(it->value);
    arguments.erase(it);
    return value;
  }
  return std::nullopt;
}

std::vector<OverrideValue> positional_only(Arguments& arguments, const std::string& function) {
  std::vector<OverrideValue> values;
  for (CallArgument& argument : arguments) {
    if (!argument.name.empty()) fail(function + "() has no argument '" + argument.name + "'");
    argument.value.quoted = false;
    values.push_back(std::move(argument.value));
  }
  return values;
}

OverrideValue call_cast(Arguments& arguments, const std::string& name, Cast cast) {
  auto named = take(arguments, "value", arguments.size() + 1);
  std::vector<OverrideValue> values = positional_only(arguments, name);
  if (named && !values.empty()) fail(name + "() takes positional arguments or value=, not both");
  if (named) return apply_cast(*named, cast);
  if (values.empty()) fail(name + "() needs a value");
  if (values.size() == 1) return apply_cast(values[0], cast);
  return apply_cast(sweep_value(SweepKind::simple_choice, std::move(values)), cast);
}

OverrideValue call_choice(Arguments& arguments) {
  std::vector<OverrideValue> values = positional_only(arguments, "choice");
  if (values.empty()) fail("choice() needs a value");
  for (const OverrideValue& value : values) {
    const bool allowed = value.kind != Kind::sweep || value.sweep == SweepKind::simple_choice ||
                         value.sweep == SweepKind::choice;
    if (!allowed || is_null(value)) fail("choice() of something else than a value");
  }
  if (values.size() == 1 && values[0].kind == Kind::sweep) {
    if (values[0].sweep != SweepKind::simple_choice) fail("choice() inside choice()");
    values[0].sweep = SweepKind::choice;
    return values[0];
  }
  return sweep_value(SweepKind::choice, std::move(values));
}

OverrideValue call_range(Arguments& arguments) {
  const auto start = take(arguments, "start", 0);
  const auto stop = take(arguments, "stop", 0);
  const auto step = take(arguments, "step", 0);
  if (!arguments.empty()) fail("range() takes start, stop and step");
  if (!start) fail("range() needs a start");
  for (const auto& value : {start, stop, step}) {
    if (value && !is_number(*value)) fail("range() of something else than a number");
  }
  return sweep_value(SweepKind::range);
}

OverrideValue call_interval(Arguments& arguments) {
  const auto start = take(arguments, "start", 0);
  const auto end = take(arguments, "end", 0);
  if (!arguments.empty() || !start || !end) fail("interval() takes start and end");
  if (!is_number(*start) || !is_number(*end)) fail("interval() of something else than numbers");
  return sweep_value(SweepKind::interval);
}

OverrideValue call_glob(Arguments& arguments) {
  const auto include = take(arguments, "include", 0);
  const auto exclude = take(arguments, "exclude", 0);
  if (!arguments.empty() || !include) fail("glob() takes include and exclude");
  for (const auto& value : {include, exclude}) {
    if (value && !is_text(*value) && value->kind != Kind::list) {
      fail("glob() of something else than texts");
    }
  }
  return sweep_value(SweepKind::glob);
}

OverrideValue call_tag(Arguments& arguments) {
  auto named = take(arguments, "sweep", arguments.size() + 1);
  std::vector<OverrideValue> values = positional_only(arguments, "tag");
  if (values.empty()) fail("tag() needs a sweep");
  if (named) values.push_back(std::move(*named));
  const OverrideValue last = values.back();
  values.pop_back();
  if (last.kind != Kind::sweep || last.sweep == SweepKind::glob) {
    fail("the last argument of tag() must be a sweep");
  }
  if (!std::all_of(values.begin(), values.end(), is_text)) fail("tags must be texts");
  return last;
}

/// Python's ordering: numbers and booleans among themselves, texts among themselves.
bool less(const OverrideValue& a, const OverrideValue& b) {
  if (is_text(a) && is_text(b)) {
    return std::get<std::string>(a.scalar) < std::get<std::string>(b.scalar);
  }
  if (a.kind != Kind::scalar || b.kind != Kind::scalar || is_text(a) || is_text(b) || is_null(a) ||
      is_null(b)) {
    fail("sort() of values that cannot be compared");
  }
  return std::get<double>(cast_float(a.scalar)) < std::get<double>(cast_float(b.scalar));
}

void sort_items(std::vector<OverrideValue>& items, bool reverse) {
  // Compared once in pairs first, so that a failing comparison is not raised inside std::sort.
  for (std::size_t i = 1; i < items.size(); ++i) less(items[0], items[i]);
  std::stable_sort(items.begin(), items.end(),
                   [reverse](const OverrideValue& a, const OverrideValue& b) {
                     return reverse ? less(b, a) : less(a, b);
                   });
}

OverrideValue call_sort(Arguments& arguments) {
  const std::size_t none = arguments.size() + 1;
  const auto reverse = take(arguments, "reverse", none);
  if (reverse && !std::holds_alternative<bool>(reverse->scalar)) fail("reverse= takes a boolean");
  const bool backwards = reverse && std::get<bool>(reverse->scalar);
  auto list = take(arguments, "list", none);
  auto sweep = take(arguments, "sweep", none);
  std::vector<OverrideValue> values = positional_only(arguments, "sort");
  if (list) values = {std::move(*list)};
  if (sweep) values = {std::move(*sweep)};
  if (values.empty()) fail("sort() needs values");
  if (values.size() == 1) {
    OverrideValue& value = values[0];
    if (value.kind == Kind::list || value.kind == Kind::sweep) sort_items(value.items, backwards);
    return value;
  }
  for (const OverrideValue& value : values) {
    if (value.kind != Kind::scalar || is_null(value)) fail("sort() of something else than values");
  }
  sort_items(values, backwards);
  return sweep_value(SweepKind::simple_choice, std::move(values));
}

OverrideValue call_shuffle(Arguments& arguments) {
  const std::size_t none = arguments.size() + 1;
  auto list = take(arguments, "list", none);
  auto sweep = take(arguments, "sweep", none);
  std::vector<OverrideValue> values = positional_only(arguments, "shuffle");
  if (sweep) return *sweep;
  if (list) values = {std::move(*list)};
  if (values.size() == 1 && values[0].kind == Kind::sweep) return values[0];
  if (values.size() == 1 && values[0].kind == Kind::list) {
    fail("shuffle() of a list is random, and a run must be repeatable; write the list");
  }
  if (values.size() == 1) {
    OverrideValue result;
    result.kind = Kind::list;
    result.items = std::move(values);
    return result;
  }
  return sweep_value(SweepKind::simple_choice, std::move(values));
}

}  // namespace

OverrideValue call_override_function(const std::string& name, std::vector<CallArgument> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!arguments[i].name.empty() && arguments[i].name == arguments[k].name) {
        arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(k));  // the last one counts
        --i;
        break;
      }
    }
  }
  if (name == "int") return call_cast(arguments, name, &cast_int);
  if (name == "float") return call_cast(arguments, name, &cast_float);
  if (name == "str") return call_cast(arguments, name, &cast_text);
  if (name == "bool") return call_cast(arguments, name, &cast_bool);
  if (name == "choice") return call_choice(arguments);
  if (name == "range") return call_range(arguments);
  if (name == "interval") return call_interval(arguments);
  if (name == "glob") return call_glob(arguments);
  if (name == "tag") return call_tag(arguments);
  if (name == "sort") return call_sort(arguments);
  if (name == "shuffle") return call_shuffle(arguments);
  fail("unknown function '" + name +
       "'; there are bool, choice, float, glob, int, interval, range, shuffle, sort, str, tag");
}

}  // namespace genesis::config
