#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "genesis/base/hash.h"
#include "genesis/base/rng.h"
#include "genesis/base/text.h"
#include "genesis/config/override.h"
#include "genesis/config/override_text.h"
#include "genesis/config/range_values.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

using Kind = OverrideValue::Kind;
using Arguments = std::vector<CallArgument>;

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::override_syntax, message);
}

/// What Python takes for a number: booleans are some.
bool is_number(const OverrideValue& value) {
  return value.kind == Kind::scalar && (std::holds_alternative<bool>(value.scalar) ||
                                        std::holds_alternative<std::int64_t>(value.scalar) ||
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
  if (value.sweep == SweepKind::glob) fail("a cast of glob()");
  OverrideValue result = value;
  result.quote = 0;
  result.shuffled = false;
  for (OverrideValue& item : result.items) {
    if (value.kind == Kind::sweep && item.kind == Kind::sweep) fail("a cast of nested sweeps");
    item = apply_cast(item, cast);
  }
  if (value.kind == Kind::scalar) {
    if (is_null(value)) fail("a cast of null");
    result.scalar = cast(value.scalar);
  }
  const bool numeric = cast == &cast_int || cast == &cast_float;
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
    value.quote = 0;
    arguments.erase(it);
    return value;
  }
  return std::nullopt;
}

std::vector<OverrideValue> positional_only(Arguments& arguments, const std::string& function) {
  std::vector<OverrideValue> values;
  for (CallArgument& argument : arguments) {
    if (!argument.name.empty()) fail(function + "() has no argument '" + argument.name + "'");
    argument.value.quote = 0;
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

OverrideValue number(Scalar value) {
  OverrideValue made;
  made.scalar = std::move(value);
  return made;
}

OverrideValue call_range(Arguments& arguments) {
  auto start = take(arguments, "start", 0);
  auto stop = take(arguments, "stop", 0);
  auto step = take(arguments, "step", 0);
  if (!arguments.empty()) fail("range() takes start, stop and step");
  if (!start) fail("range() needs a start");
  if (stop && is_null(*stop)) stop.reset();
  for (const auto& value : {start, stop, step}) {
    if (value && !is_number(*value)) fail("range() of something else than a number");
  }
  if (!stop) stop = std::exchange(start, number(std::int64_t{0}));
  return sweep_value(SweepKind::range, {*start, *stop, step.value_or(number(std::int64_t{1}))});
}

OverrideValue call_interval(Arguments& arguments) {
  const auto start = take(arguments, "start", 0);
  const auto end = take(arguments, "end", 0);
  if (!arguments.empty() || !start || !end) fail("interval() takes start and end");
  if (!is_number(*start) || !is_number(*end)) fail("interval() of something else than numbers");
  return sweep_value(SweepKind::interval,
                     {number(cast_float(start->scalar)), number(cast_float(end->scalar))});
}

/// A text as a list of one, nothing as an empty list.
OverrideValue pattern_list(std::optional<OverrideValue> given) {
  if (given && given->kind == Kind::list) return std::move(*given);
  OverrideValue list;
  list.kind = Kind::list;
  if (given && is_text(*given)) {
    list.items.push_back(std::move(*given));
  } else if (given && !is_null(*given)) {
    fail("glob() of something else than texts");
  }
  return list;
}

OverrideValue call_glob(Arguments& arguments) {
  auto include = take(arguments, "include", 0);
  auto exclude = take(arguments, "exclude", 0);
  if (!arguments.empty() || !include || is_null(*include)) fail("glob() takes include and exclude");
  return sweep_value(SweepKind::glob,
                     {pattern_list(std::move(include)), pattern_list(std::move(exclude))});
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

/// Python's ordering: numbers and booleans among themselves, texts among themselves. What is in
/// quotes inside a list has none.
bool less(const OverrideValue& a, const OverrideValue& b) {
  if (a.quote != 0 || b.quote != 0) fail("sort() of quoted texts in a list");
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

OverrideValue sorted(OverrideValue value, bool backwards) {
  if (value.sweep == SweepKind::glob || value.sweep == SweepKind::interval) {
    fail("sort() of something else than values");
  }
  if (value.sweep == SweepKind::range) {
    RangeBounds bounds{value.items[0].scalar, value.items[1].scalar, value.items[2].scalar};
    bounds = sorted_range(bounds, backwards);
    value.items = {number(bounds.start), number(bounds.stop), number(bounds.step)};
  } else if (value.kind == Kind::list || value.kind == Kind::sweep) {
    sort_items(value.items, backwards);
  }
  return value;
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
    return sorted(std::move(values[0]), backwards);
  }
  for (const OverrideValue& value : values) {
    if (value.kind != Kind::scalar || is_null(value)) fail("sort() of something else than values");
  }
  sort_items(values, backwards);
  return sweep_value(SweepKind::simple_choice, std::move(values));
}

std::vector<OverrideValue> shuffled(std::vector<OverrideValue> items) {
  std::vector<std::string> texts;
  for (const OverrideValue& item : items) texts.push_back(override_text(item));
  std::vector<OverrideValue> result;
  for (const std::size_t index : shuffled_order(texts)) result.push_back(std::move(items[index]));
  return result;
}

OverrideValue call_shuffle(Arguments& arguments) {
  const std::size_t none = arguments.size() + 1;
  auto list = take(arguments, "list", none);
  auto sweep = take(arguments, "sweep", none);
  std::vector<OverrideValue> values = positional_only(arguments, "shuffle");
  if (sweep) values = {std::move(*sweep)};
  if (list) values = {std::move(*list)};
  if (values.size() != 1) {
    for (const OverrideValue& value : values) {
      if (value.kind == Kind::sweep || is_null(value))
        fail("shuffle() of something else than values");
    }
    OverrideValue made = sweep_value(SweepKind::simple_choice, std::move(values));
    made.shuffled = true;
    return made;
  }
  OverrideValue& value = values[0];
  if (value.sweep == SweepKind::glob || value.sweep == SweepKind::interval || is_null(value)) {
    fail("shuffle() of something else than values");
  }
  if (value.kind == Kind::sweep) {
    value.shuffled = true;
    return std::move(value);
  }
  if (value.kind == Kind::list) {
    value.items = shuffled(std::move(value.items));
    return std::move(value);
  }
  OverrideValue result;
  result.kind = Kind::list;
  result.items = std::move(values);
  return result;
}

}  // namespace

std::vector<std::size_t> shuffled_order(const std::vector<std::string>& texts) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  RandomStream random(hash64(join(texts, "\n")), "shuffle()", texts.size());
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
  }
  return order;
}

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
