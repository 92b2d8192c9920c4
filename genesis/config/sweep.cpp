#include "genesis/config/sweep.h"

#include <algorithm>
#include <utility>

#include "genesis/config/glob_match.h"
#include "genesis/config/override_text.h"
#include "genesis/config/range_values.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const Override& override, const std::string& message) {
  throw ConfigError(Reject::composition, "argument '" + override.input + "': " + message);
}

std::vector<std::string> patterns_of(const Override& override, const OverrideValue& list) {
  std::vector<std::string> patterns;
  for (const OverrideValue& item : list.items) {
    const auto* text = std::get_if<std::string>(&item.scalar);
    if (item.kind != OverrideValue::Kind::scalar || text == nullptr || item.quote != 0) {
      fail(override, "the patterns of glob() must be texts");
    }
    patterns.push_back(*text);
  }
  return patterns;
}

std::vector<std::string> glob_values(const Override& override, const GroupOptions& options) {
  const std::vector<std::string> include = patterns_of(override, override.value.items[0]);
  const std::vector<std::string> exclude = patterns_of(override, override.value.items[1]);
  const auto one_of = [](const std::vector<std::string>& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&name](const std::string& pattern) { return glob_match(name, pattern); });
  };
  std::vector<std::string> values;
  for (const std::string& name : options(override.key)) {
    if (one_of(include, name) && !one_of(exclude, name)) values.push_back(name);
  }
  return values;
}

}  // namespace

std::vector<std::string> sweep_values(const Override& override, const GroupOptions& options,
                                      std::size_t most) {
  const OverrideValue& value = override.value;
  std::vector<std::string> values;
  try {
    switch (value.sweep) {
      case SweepKind::simple_choice:
      case SweepKind::choice:
        for (const OverrideValue& item : value.items) values.push_back(override_text(item));
        break;
      case SweepKind::range:
        for (const Scalar& number : range_values(
                 {value.items[0].scalar, value.items[1].scalar, value.items[2].scalar}, most)) {
          values.push_back(python_str(number));
        }
        break;
      case SweepKind::glob:
        return glob_values(override, options);
      case SweepKind::interval:
        throw ConfigError(Reject::composition,
                          "interval() has no values to go through one by one; use range() or "
                          "choice()");
      case SweepKind::none:
        break;
    }
  } catch (const ConfigError& error) {
    fail(override, error.what());
  }
  if (!value.shuffled) return values;
  std::vector<std::string> shuffled;
  for (const std::size_t index : shuffled_order(values)) shuffled.push_back(values[index]);
  return shuffled;
}

std::vector<std::vector<std::string>> sweep_jobs(const std::vector<Override>& overrides,
                                                 const GroupOptions& options) {
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;
  for (const Override& override : overrides) {
    const std::string key = override.key_element(true);
    std::vector<std::string> arguments;
    if (override.is_sweep()) {
      for (const std::string& value : sweep_values(override, options)) {
        arguments.push_back(key + "=" + value);
      }
    } else {
      OverrideValue nothing;
      arguments.push_back(key + "=" + override_text(override.has_value ? override.value : nothing));
    }
    const auto same = std::find_if(axes.begin(), axes.end(),
                                   [&key](const auto& axis) { return axis.first == key; });
    if (same == axes.end()) {
      axes.emplace_back(key, std::move(arguments));
    } else {
      same->second = std::move(arguments);
    }
  }
  std::size_t count = 1;
  for (const auto& [key, arguments] : axes) {
    if (arguments.empty()) return {};
    count *= arguments.size();
    if (count > kMaxSweepJobs) {
      throw ConfigError(Reject::composition,
                        "the sweep has more than " + std::to_string(kMaxSweepJobs) + " jobs");
    }
  }
  std::vector<std::vector<std::string>> jobs(count);
  for (std::size_t number = 0; number < count; ++number) {
    std::size_t rest = number;
    jobs[number].resize(axes.size());
    for (std::size_t axis = axes.size(); axis-- > 0;) {
      const std::vector<std::string>& arguments = axes[axis].second;
      jobs[number][axis] = arguments[rest % arguments.size()];
      rest /= arguments.size();
    }
  }
  return jobs;
}

}  // namespace genesis::config
