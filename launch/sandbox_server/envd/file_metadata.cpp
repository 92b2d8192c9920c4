#include "launch/sandbox_server/envd/file_metadata.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "genesis/base/text.h"

namespace genesis::envd {

namespace {

constexpr std::string_view kHeaderPrefix = "x-metadata-";
constexpr std::string_view kPrefix = "user.e2b.";
constexpr std::size_t kMaxKey = 246;
constexpr std::size_t kMaxTotal = 4096;

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

std::vector<std::string> keys_in(const char* names, std::size_t length) {
  std::vector<std::string> keys;
  for (const std::string_view name : split(std::string_view(names, length), '\0')) {
    if (name.starts_with(kPrefix)) keys.emplace_back(name.substr(kPrefix.size()));
  }
  return keys;
}

}  // namespace

Result<Metadata> metadata_of_headers(
    const std::vector<std::pair<std::string, std::string>>& headers) {
  Metadata metadata;
  std::size_t total = 0;
  for (const auto& [name, value] : headers) {
    if (!starts_with_ignore_case(name, kHeaderPrefix)) continue;
    std::string key = name.substr(kHeaderPrefix.size());
    for (char& c : key) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (key.empty() || key.size() > kMaxKey || !is_printable(key)) {
      return make_error(ErrorKind::invalid_argument,
                        "the metadata key '" + to_valid_utf8(key) +
                            "' is empty, longer than 246 bytes or not printable ASCII");
    }
    if (!is_printable(value)) {
      return make_error(ErrorKind::invalid_argument,
                        "the value of the metadata key '" + key + "' is not printable ASCII");
    }
    if (!metadata.emplace(key, value).second) continue;
    total += kPrefix.size() + key.size() + value.size();
  }
  if (total > kMaxTotal) {
    return make_error(ErrorKind::invalid_argument, "the metadata takes " + std::to_string(total) +
                                                       " bytes with its keys; 4096 are allowed");
  }
  return metadata;
}

Metadata read_metadata(const std::string& path) {
  Metadata metadata;
  std::array<char, 8192> names;  // NOLINT: filled by the kernel
  const ssize_t length = ::listxattr(path.c_str(), names.data(), names.size());
  if (length <= 0) return metadata;
  for (const std::string& key : keys_in(names.data(), static_cast<std::size_t>(length))) {
    std::array<char, 8192> value;  // NOLINT: filled by the kernel
    const std::string name = std::string(kPrefix) + key;
    const ssize_t got = ::getxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (got >= 0) metadata[key] = std::string(value.data(), static_cast<std::size_t>(got));
  }
  return metadata;
}

Status write_metadata(int fd, const Metadata& metadata) {
  std::array<char, 8192> names;  // NOLINT: filled by the kernel
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  for (const std::string& key :
       keys_in(names.data(), length > 0 ? static_cast<std::size_t>(length) : 0)) {
    if (!metadata.contains(key)) ::fremovexattr(fd, (std::string(kPrefix) + key).c_str());
  }
  for (const auto& [key, value] : metadata) {
    const std::string name = std::string(kPrefix) + key;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno == ENOTSUP) {
      return make_error(ErrorKind::unsupported,
                        "this file system keeps no metadata (no user extended attributes)");
    }
    return errno_error("keep the metadata", key, errno);
  }
  return {};
}

}  // namespace genesis::envd
