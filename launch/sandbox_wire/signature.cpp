#include "launch/sandbox_wire/signature.h"

#include "genesis/base/base64.h"
#include "genesis/base/hash.h"

namespace genesis::sandbox_wire {

namespace {

std::string bytes_of_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

}  // namespace

std::string file_signature(std::string_view path, FileAccess access, std::string_view user,
                           std::string_view token, std::optional<std::int64_t> expiration) {
  std::string raw(path);
  raw.append(access == FileAccess::read ? ":read:" : ":write:").append(user);
  raw.append(":").append(token);
  if (expiration) raw.append(":").append(std::to_string(*expiration));
  std::string encoded = to_base64(bytes_of_hex(sha256_hex(raw)));
  while (encoded.ends_with('=')) encoded.pop_back();
  return "v1_" + encoded;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

}  // namespace genesis::sandbox_wire
