#include "launch/sandbox_server/envd/paths.h"

#include <vector>

#include "genesis/base/text.h"

namespace genesis::envd {

Result<std::string> resolve_path(std::string_view path, std::string_view home,
                                 std::string_view default_folder) {
  if (path.find('\0') != std::string_view::npos) {
    return make_error(ErrorKind::invalid_argument, "the path holds a zero byte");
  }
  if (path.empty()) return std::string(default_folder.empty() ? home : default_folder);
  if (path == "~") return std::string(home);
  if (path.starts_with("~/")) return clean_path(join_path(home, path.substr(2)));
  if (path.front() == '~') {
    return make_error(
        ErrorKind::invalid_argument,
        "the path '" + std::string(path) + "' names another user's home; write it in full");
  }
  if (path.front() == '/') return std::string(path);
  return clean_path(join_path(home, path));
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string cleaned;
  for (const std::string_view part : parts) cleaned.append("/").append(part);
  return cleaned.empty() ? "/" : cleaned;
}

std::string base_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path == "/") return "/";
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string joined(folder);
  if (joined.empty() || joined.back() != '/') joined += '/';
  joined += name;
  return joined;
}

}  // namespace genesis::envd
