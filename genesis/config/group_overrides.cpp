#include "genesis/config/group_overrides.h"

#include <algorithm>

#include "genesis/base/text.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::composition, message);
}

std::string option_text(const decltype(DefaultsItem::value)& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    return "[" + join(*list, ",") + "]";
  }
  return "null";
}

decltype(DefaultsItem::value) option_value(const Override& override) {
  const OverrideValue& value = override.value;
  if (value.kind == OverrideValue::Kind::scalar) {
    if (const auto* text = std::get_if<std::string>(&value.scalar)) return *text;
  }
  if (value.kind == OverrideValue::Kind::list) {
    std::vector<std::string> options;
    for (const OverrideValue& item : value.items) {
      const auto* text = std::get_if<std::string>(&item.scalar);
      if (item.kind != OverrideValue::Kind::scalar || text == nullptr) {
        fail("argument '" + override.input + "': options of a group are texts");
      }
      options.push_back(*text);
    }
    return options;
  }
  fail("argument '" + override.input + "': the option of group '" + override.key +
       "' must be a name or a list of names");
}

}  // namespace

GroupOverrides::GroupOverrides(const ConfigRepository& repository,
                               const std::vector<Override>& overrides) {
  for (const Override& override : overrides) {
    if (override.is_sweep()) continue;
    const bool is_map = override.value.kind == OverrideValue::Kind::map;
    if (is_map || !repository.group_exists(override.key)) {
      config_overrides_.push_back(override);
    } else {
      add_argument(override);
    }
  }
}

void GroupOverrides::add_argument(const Override& override) {
  if (override.action == OverrideAction::force_add) {
    fail("argument '" + override.input +
         "': '++' does not work on a config group; use '+' or none");
  }
  const std::string key = override.key_element(false);
  if (override.action == OverrideAction::remove) {
    Deletion deletion{key, std::nullopt, override.input, false};
    const bool null = override.value.kind == OverrideValue::Kind::scalar &&
                      std::holds_alternative<Null>(override.value.scalar);
    if (override.has_value && !null) {
      const auto* text = std::get_if<std::string>(&override.value.scalar);
      if (override.value.kind != OverrideValue::Kind::scalar || text == nullptr) {
        fail("argument '" + override.input + "': the option to remove must be a name");
      }
      deletion.option = *text;
    }
    const auto same = std::find_if(deletions_.begin(), deletions_.end(),
                                   [&key](const Deletion& other) { return other.key == key; });
    if (same != deletions_.end()) deletions_.erase(same);
    deletions_.push_back(std::move(deletion));
    return;
  }
  if (override.action == OverrideAction::add) {
    DefaultsItem item;
    item.is_group = true;
    item.path = override.key;
    item.package = override.package;
    item.value = option_value(override);
    if (item.path.empty()) fail("argument '" + override.input + "': a group without a name");
    appended_.emplace_back(std::move(item));
    appended_.back().external = true;
    return;
  }
  auto value = option_value(override);
  if (Choice* existing = find_choice(key)) {
    existing->value = std::move(value);
    existing->input = override.input;
  } else {
    choices_.push_back({key, std::move(value), override.input, "", false});
  }
}

GroupOverrides::Choice* GroupOverrides::find_choice(const std::string& key) {
  const auto it = std::find_if(choices_.begin(), choices_.end(),
                               [&key](const Choice& choice) { return choice.key == key; });
  return it == choices_.end() ? nullptr : &*it;
}

void GroupOverrides::add_line(const std::string& containing_path, const DefaultsElement& element) {
  const std::string key = element.override_key();
  if (find_choice(key) != nullptr) return;
  choices_.push_back({key, element.item.value, "", containing_path, false});
}

void GroupOverrides::apply_to(DefaultsElement& element) {
  if (!element.item.is_group) return;
  if (Choice* choice = find_choice(element.override_key())) {
    element.item.value = choice->value;
    choice->used = true;
  }
}

bool GroupOverrides::deletes(const DefaultsElement& element) const {
  if (!element.item.is_group) return false;
  const std::string key = element.override_key();
  return std::any_of(deletions_.begin(), deletions_.end(), [&](const Deletion& deletion) {
    return deletion.key == key && (!deletion.option || deletion.option == element.name());
  });
}

void GroupOverrides::remove(DefaultsElement& element) {
  element.deleted = true;
  const std::string key = element.override_key();
  for (Deletion& deletion : deletions_) {
    if (deletion.key == key) deletion.used = true;
  }
}

void GroupOverrides::set_known_choice(const DefaultsElement& element) {
  if (!element.item.is_group) return;
  const std::string key = element.override_key();
  const auto name = element.name();
  const Scalar option = name ? Scalar(*name) : Scalar(Null{});
  const auto it = std::find_if(known_.begin(), known_.end(),
                               [&key](const auto& known) { return known.first == key; });
  if (it == known_.end()) {
    known_.emplace_back(key, option);
  } else if (!(it->second == option)) {
    fail("group '" + key + "' gets several options; to change one use 'override " + key + ": " +
         python_str(it->second) + "'");
  }
  keys_of_group_[element.group_path()].insert(key);
}

void GroupOverrides::fail_unused(const Choice& choice) const {
  const std::string group = choice.key.substr(0, choice.key.find('@'));
  std::string message = choice.input.empty() ? "in '" + choice.containing_path + "': "
                                             : "argument '" + choice.input + "': ";
  message += "could not override '" + choice.key + "', it is not in the defaults list";
  const auto known = keys_of_group_.find(group);
  if (known != keys_of_group_.end()) {
    const std::vector<std::string> keys(known->second.begin(), known->second.end());
    message += "; did you mean " + join(keys, " or ") + "?";
  }
  if (!choice.input.empty()) {
    message += "; to append it use +" + choice.key + "=" + option_text(choice.value);
  }
  fail(message);
}

void GroupOverrides::check_all_used() const {
  for (const Choice& choice : choices_) {
    if (!choice.used) fail_unused(choice);
  }
  for (const Deletion& deletion : deletions_) {
    if (!deletion.used) {
      fail("argument '" + deletion.input + "': nothing to remove, '" + deletion.key +
           (deletion.option ? "=" + *deletion.option : "") + "' is not in the defaults list");
    }
  }
}

}  // namespace genesis::config
