#include "launch/e2b/signed_url.h"

#include <fmt/format.h>

#include "genesis/base/base64.h"
#include "genesis/base/hash.h"

namespace genesis::launch::e2b {
namespace {

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

std::string file_signature(const std::string& path, const std::string& operation,
                           const std::string& user, const std::string& token,
                           std::optional<std::int64_t> expires_at) {
  std::string raw = fmt::format("{}:{}:{}:{}", path, operation, user, token);
  if (expires_at) raw += fmt::format(":{}", *expires_at);
  std::string encoded = to_base64(bytes_of_hex(sha256_hex(raw)));
  while (encoded.ends_with('=')) encoded.pop_back();
  return "v1_" + encoded;
}

Outcome<std::string> signed_file_url(const Addressing& addressing, const SandboxHandle& sandbox,
                                     const std::string& path, bool write, const std::string& user,
                                     std::optional<std::int64_t> expires_at) {
  std::string url = addressing.direct_url(sandbox.id, sandbox.domain, kAgentPort) + "/files?";
  if (!user.empty()) url += "username=" + percent_encoded(user) + "&";
  url += "path=" + percent_encoded(path);
  if (sandbox.access_token.empty()) {
    if (!expires_at) return url;
    return fail(FailureKind::refused,
                fmt::format("sign a URL of sandbox {}: it asks for no token, so nothing could "
                            "expire",
                            sandbox.id));
  }
  url += "&signature=" + percent_encoded(file_signature(path, write ? "write" : "read", user,
                                                        sandbox.access_token, expires_at));
  if (expires_at) url += fmt::format("&signature_expiration={}", *expires_at);
  return url;
}

}  // namespace genesis::launch::e2b
