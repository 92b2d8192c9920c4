#include "launch/e2b/copy_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::launch::e2b {

CopyPlace copy_place(const std::string& word) {
  const auto colon = word.find(':');
  // "./a:b" and "/a:b" are here: an id has no slash.
  if (colon == std::string::npos || colon == 0 || word.substr(0, colon).find('/') != word.npos) {
    return {{}, word};
  }
  return {word.substr(0, colon), word.substr(colon + 1)};
}

Result<CopyPlan> copy_plan(const std::string& from, const std::string& to) {
  const CopyPlace source = copy_place(from);
  const CopyPlace target = copy_place(to);
  if (source.sandbox.empty() == target.sandbox.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("cp: '{}' to '{}': one of them must be SANDBOX:PATH, the other "
                                  "a path here",
                                  from, to));
  }
  if (source.path.empty() || target.path.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      "cp: a path is missing behind 'SANDBOX:'; '.' is the user's home");
  }
  CopyPlan plan;
  plan.up = source.sandbox.empty();
  plan.sandbox = plan.up ? target.sandbox : source.sandbox;
  plan.from = source.path;
  plan.to = target.path;
  return plan;
}

std::string last_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const auto name = slash == path.npos ? path : path.substr(slash + 1);
  return name == "." || name == ".." ? std::string() : std::string(name);
}

std::optional<std::string> below(std::string_view root, std::string_view path) {
  while (root.ends_with('/')) root.remove_suffix(1);
  if (!path.starts_with(root) || path.size() < root.size() + 2 || path[root.size()] != '/') {
    return std::nullopt;
  }
  const auto rest = path.substr(root.size() + 1);
  if (rest.find('\0') != rest.npos) return std::nullopt;
  const auto parts = split(rest, '/');
  const bool plain = std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
  if (!plain) return std::nullopt;
  return std::string(rest);
}

}  // namespace genesis::launch::e2b
