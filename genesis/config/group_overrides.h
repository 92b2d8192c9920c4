#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "genesis/config/defaults_element.h"
#include "genesis/config/override.h"

namespace genesis::config {

/// What the command line and `override` lines say about groups, and what the walk over the defaults
/// lists has found. Throws ConfigError. One thread.
class GroupOverrides {
 public:
  GroupOverrides(const ConfigRepository& repository, const std::vector<Override>& overrides);

  const std::vector<DefaultsElement>& appended() const { return appended_; }
  const std::vector<Override>& config_overrides() const { return config_overrides_; }
  const std::vector<std::pair<std::string, Scalar>>& known_choices() const { return known_; }

  /// Takes an `override group: option` line; the command line, and an earlier line, win.
  void add_line(const std::string& containing_path, const DefaultsElement& element);
  /// Gives the element its overridden option, when there is one.
  void apply_to(DefaultsElement& element);
  bool deletes(const DefaultsElement& element) const;
  void remove(DefaultsElement& element);
  void set_known_choice(const DefaultsElement& element);
  /// Refuses overrides and deletions that met nothing.
  void check_all_used() const;

 private:
  struct Choice {
    std::string key;
    decltype(DefaultsItem::value) value;
    std::string input;            ///< The argument; empty for a line in a file.
    std::string containing_path;  ///< The file of the line.
    bool used = false;
  };
  struct Deletion {
    std::string key;
    std::optional<std::string> option;
    std::string input;
    bool used = false;
  };

  void add_argument(const Override& override);
  Choice* find_choice(const std::string& key);
  [[noreturn]] void fail_unused(const Choice& choice) const;

  std::vector<Choice> choices_;
  std::vector<Deletion> deletions_;
  std::vector<DefaultsElement> appended_;
  std::vector<Override> config_overrides_;
  std::vector<std::pair<std::string, Scalar>> known_;
  std::map<std::string, std::set<std::string>> keys_of_group_;
};

}  // namespace genesis::config
