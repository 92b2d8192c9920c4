#include "genesis/config/defaults_element.h"

#include <algorithm>
#include <utility>

namespace genesis::config {
namespace {

constexpr std::string_view kGlobal = "_global_";

std::string without_slash(const std::string& path) {
  return !path.empty() && path[0] == '/' ? path.substr(1) : path;
}

std::string dotted(std::string path) {
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string replace_all(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t i = text.find(from); i != std::string::npos;
       i = text.find(from, i + to.size())) {
    text.replace(i, from.size(), to);
  }
  return text;
}

}  // namespace

DefaultsElement::DefaultsElement(DefaultsItem from) : item(std::move(from)) {
  if (item.package == "_here_") item.package = "";
}

void DefaultsElement::set_parent(const std::string& group, const std::string& package) {
  parent_group = group;
  parent_package = package;
  if (item.package && item.package->find("_group_") != std::string::npos) {
    item.package = "_global_." + replace_all(*item.package, "_group_", default_package());
  }
}

void DefaultsElement::set_package_header(const std::optional<std::string>& header) {
  if (!header) return;
  package_header = *header;
  if (*header != kGlobal && header->rfind("_global_.", 0) != 0) {
    package_header = header->empty() ? std::string(kGlobal) : "_global_." + *header;
  }
}

bool DefaultsElement::is_self() const {
  if (!item.is_group) return item.path == "_self_";
  const auto* option = std::get_if<std::string>(&item.value);
  return option != nullptr && *option == "_self_";
}

bool DefaultsElement::is_options() const {
  return item.is_group && std::holds_alternative<std::vector<std::string>>(item.value);
}

std::optional<std::string> DefaultsElement::name() const {
  if (!item.is_group) return item.path.substr(item.path.rfind('/') + 1);
  if (const auto* option = std::get_if<std::string>(&item.value)) return *option;
  return std::nullopt;
}

bool DefaultsElement::is_missing() const {
  return !is_options() && name() == "???";
}

bool DefaultsElement::is_interpolation() const {
  if (!item.is_group) return config_path().find("${") != std::string::npos;
  const auto* option = std::get_if<std::string>(&item.value);
  return option != nullptr && option->find("${") != std::string::npos;
}

std::string DefaultsElement::group_path() const {
  const std::string own =
      item.is_group ? without_slash(item.path) : folder_of(without_slash(item.path));
  if (item.path.rfind('/', 0) == 0 || parent_group.value_or("").empty()) return own;
  return own.empty() ? *parent_group : *parent_group + "/" + own;
}

std::string DefaultsElement::config_path() const {
  if (is_virtual_root) return "<root>";
  if (item.is_group) return group_path() + "/" + name().value_or("None");
  const std::string path = without_slash(item.path);
  if (item.path.rfind('/', 0) == 0 || parent_group.value_or("").empty()) return path;
  return *parent_group + "/" + path;
}

std::string DefaultsElement::default_package() const {
  return dotted(group_path());
}

std::string DefaultsElement::final_package(bool with_header) const {
  std::optional<std::string> package = item.package;
  if (!package && with_header) package = package_header;
  if (!package) {
    const std::string path = without_slash(item.path);
    package = dotted(item.is_group ? path : folder_of(path));
  }
  std::string result = parent_package.value_or("");
  if (result.empty()) {
    result = *package;
  } else if (!package->empty()) {
    result += "." + *package;
  }
  const std::size_t global = result.rfind(kGlobal);
  if (global == std::string::npos) return result;
  return result.substr(std::min(result.size(), global + kGlobal.size() + 1));
}

std::string DefaultsElement::override_key() const {
  std::string key = group_path();
  const std::string package = final_package(false);
  if (package != default_package()) key += "@" + (package.empty() ? std::string(kGlobal) : package);
  return key;
}

}  // namespace genesis::config
