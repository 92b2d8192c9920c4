#pragma once

#include <optional>
#include <string>

#include "genesis/config/config_repository.h"

namespace genesis::config {

/// A line of a defaults list in its place: knows the group and package of the file it stands in,
/// and from them its own path, package and the key by which it can be overridden.
struct DefaultsElement {
  explicit DefaultsElement(DefaultsItem from);

  DefaultsItem item;
  bool is_virtual_root = false;
  bool primary = false;
  bool deleted = false;
  bool external = false;  ///< From "+group=option" on the command line.
  std::optional<std::string> parent_group;
  std::optional<std::string> parent_package;
  std::optional<std::string> package_header;

  void set_parent(const std::string& group, const std::string& package);
  void set_package_header(const std::optional<std::string>& header);

  bool is_self() const;
  bool is_options() const;                  ///< group: [a, b]
  bool is_missing() const;                  ///< group: ???
  bool is_interpolation() const;            ///< group: ${other}
  std::optional<std::string> name() const;  ///< The option, or the last part of the path.
  std::string group_path() const;
  std::string config_path() const;
  std::string final_package(bool with_header = true) const;
  /// "group", or "group@package" where the package is not the group's own.
  std::string override_key() const;

 private:
  std::string default_package() const;
};

}  // namespace genesis::config
