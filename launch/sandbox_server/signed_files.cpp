#include "launch/sandbox_server/signed_files.h"

#include <charconv>

#include "launch/sandbox_server/list_query.h"
#include "launch/sandbox_wire/signature.h"

namespace genesis::sandbox_server {

std::string signer_of(const std::string& method, const std::string& target,
                      const SandboxLifecycle& lifecycle) {
  const bool writes = method == "POST";
  if (!writes && method != "GET" && method != "HEAD") return {};
  const Target parsed = parse_target(target);
  const auto value = [&](std::string_view name) {
    const std::string* const found = parsed.find(name);
    return found ? *found : std::string();
  };
  const std::string signature = value("signature");
  if (signature.empty()) return {};
  std::optional<std::int64_t> expiration;
  if (const std::string text = value("signature_expiration"); !text.empty()) {
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failure != std::errc() || end != text.data() + text.size()) return {};
    expiration = seconds;
  }
  const auto access = writes ? sandbox_wire::FileAccess::write : sandbox_wire::FileAccess::read;
  for (const auto& [id, record] : lifecycle.all()) {
    if (record.state != SandboxState::running || record.access_token.empty()) continue;
    const std::string own = sandbox_wire::file_signature(value("path"), access, value("username"),
                                                         record.access_token, expiration);
    if (sandbox_wire::equal_secrets(own, signature)) return id;
  }
  return {};
}

}  // namespace genesis::sandbox_server
