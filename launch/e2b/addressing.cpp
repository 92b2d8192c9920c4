#include "launch/e2b/addressing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "genesis/base/text.h"
#include "genesis/net/url.h"

namespace genesis::launch::e2b {
namespace {

constexpr const char* kCloud = "e2b.app";
/// Whose gateways serve all sandboxes under one name, by headers.
constexpr std::array<std::string_view, 7> kOneNameDomains{
    "e2b.app",       "e2b.dev",         "e2b.pro",          "e2b-staging.dev",
    "e2b-tango.dev", "e2b-juliett.dev", "foxtrot-2.e2b.dev"};
constexpr std::string_view kKruiseApi = "/kruise/api";

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Status check_url(const char* variable, const std::string& url) {
  if (url.empty()) return {};
  const auto parsed = net::parse_url(url);
  if (parsed) return {};
  return make_error(ErrorKind::invalid_argument,
                    fmt::format("{}: {}", variable, parsed.error().message));
}

}  // namespace

AddressSettings address_settings(const std::function<std::string(const char*)>& variable) {
  AddressSettings settings;
  settings.api_key = variable("E2B_API_KEY");
  if (settings.api_key.empty()) settings.api_key = variable("E2B_API_TOKEN");
  settings.domain = variable("E2B_DOMAIN");
  settings.api_url = variable("E2B_API_URL");
  settings.sandbox_url = variable("E2B_SANDBOX_URL");
  const std::string debug = variable("E2B_DEBUG");
  settings.debug = debug.size() == 4 && starts_with_ignore_case(debug, "true");
  return settings;
}

AddressSettings address_settings_of_environment() {
  return address_settings([](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

Result<Addressing> Addressing::from(AddressSettings settings) {
  GENESIS_TRY(check_url("E2B_API_URL", settings.api_url));
  GENESIS_TRY(check_url("E2B_SANDBOX_URL", settings.sandbox_url));
  if (settings.domain.find_first_of("/:@ ") != std::string::npos) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("E2B_DOMAIN: '{}' is no domain; for a URL there are E2B_API_URL "
                                  "and E2B_SANDBOX_URL",
                                  settings.domain));
  }
  Addressing made(std::move(settings));
  AddressSettings& known = made.settings_;
  if (known.domain.empty()) known.domain = kCloud;
  known.sandbox_url = without_slash(std::move(known.sandbox_url));
  if (!known.api_url.empty()) {
    made.api_ = without_slash(known.api_url);
  } else if (known.debug) {
    made.api_ = "http://localhost:3000";
  } else {
    made.api_ = "https://api." + known.domain;
  }
  if (made.api_.ends_with(kKruiseApi) && known.sandbox_url.empty()) {
    made.path_base_ = made.api_.substr(0, made.api_.size() - std::string_view("/api").size());
  }
  return made;
}

bool Addressing::is_custom() const {
  return settings_.debug || !settings_.api_url.empty() || !settings_.sandbox_url.empty() ||
         settings_.domain != kCloud;
}

std::string Addressing::host(std::string_view id, std::string_view domain,
                             std::uint16_t port) const {
  if (settings_.debug) return fmt::format("localhost:{}", port);
  if (by_path()) {
    const auto scheme = path_base_.find("://") + 3;
    return fmt::format("{}/{}/{}", path_base_.substr(scheme), id, port);
  }
  return fmt::format("{}-{}.{}", port, id, domain.empty() ? settings_.domain : domain);
}

std::string Addressing::direct_url(std::string_view id, std::string_view domain,
                                   std::uint16_t port) const {
  if (!settings_.sandbox_url.empty()) return settings_.sandbox_url;
  if (settings_.debug) return "http://" + host(id, domain, port);
  if (by_path()) return fmt::format("{}/{}/{}", path_base_, id, port);
  return "https://" + host(id, domain, port);
}

std::string Addressing::port_url(std::string_view id, std::string_view domain,
                                 std::uint16_t port) const {
  const std::string_view given = domain.empty() ? settings_.domain : domain;
  const bool one_name =
      std::find(kOneNameDomains.begin(), kOneNameDomains.end(), given) != kOneNameDomains.end();
  if (settings_.sandbox_url.empty() && !settings_.debug && !by_path() && one_name) {
    return fmt::format("https://sandbox.{}", given);
  }
  return direct_url(id, domain, port);
}

net::Headers Addressing::routing(std::string_view id, std::uint16_t port) const {
  net::Headers headers;
  if (by_path()) return headers;
  headers.emplace_back("E2b-Sandbox-Id", std::string(id));
  headers.emplace_back("E2b-Sandbox-Port", std::to_string(port));
  return headers;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '.' ||
                       byte == '~';
    if (plain) {
      encoded += letter;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace genesis::launch::e2b
