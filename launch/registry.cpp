#include "launch/registry.h"

#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>

namespace genesis::launch {

namespace {

/// A list, so that pointers that find_backend() gave out stay valid. Filled before threads start.
std::list<Backend>& backends() {
  static std::list<Backend> the_backends;
  return the_backends;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool answers_to(const Backend& backend, std::string_view name) {
  if (backend.name == name || contains(backend.aliases, name)) return true;
  // "genesis.launch.LocalJobConfig": only the class counts, so that both Python systems' files
  // work.
  const auto dot = name.rfind('.');
  const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  return contains(backend.target_names, last);
}

}  // namespace

void register_backend(Backend backend) {
  auto& all = backends();
  const auto same = std::find_if(all.begin(), all.end(),
                                 [&](const Backend& known) { return known.name == backend.name; });
  if (same != all.end()) {
    *same = std::move(backend);
  } else {
    all.push_back(std::move(backend));
  }
}

const Backend* find_backend(std::string_view type_or_target) {
  const auto& all = backends();
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const Backend& backend) {
    return answers_to(backend, type_or_target);
  });
  return found == all.rend() ? nullptr : &*found;
}

std::vector<const Backend*> all_backends() {
  std::vector<const Backend*> list;
  for (const Backend& backend : backends()) list.push_back(&backend);
  return list;
}

}  // namespace genesis::launch
