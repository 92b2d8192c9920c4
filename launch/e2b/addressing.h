#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/net/http_request.h"

namespace genesis::launch::e2b {

/// Where a provider is and who we are to it. Empty: not given.
struct AddressSettings {
  std::string api_key;      ///< E2B_API_KEY, or E2B_API_TOKEN when that one is not set.
  std::string domain;       ///< E2B_DOMAIN
  std::string api_url;      ///< E2B_API_URL
  std::string sandbox_url;  ///< E2B_SANDBOX_URL
  bool debug = false;       ///< E2B_DEBUG is "true": an agent alone, on this machine.
};

/// `variable` gives an environment variable's value, empty when it is not set.
AddressSettings address_settings(const std::function<std::string(const char*)>& variable);
AddressSettings address_settings_of_environment();

/// The port where a sandbox's agent listens.
constexpr std::uint16_t kAgentPort = 49983;

/// Which URL and which headers lead to the control plane, to a sandbox's agent, to its other ports:
/// E2B's rules for its cloud, a domain of one's own, one URL for all, OpenKruise's paths, and
/// debugging. Pure; any thread.
class Addressing {
 public:
  /// Errors (`invalid_argument`): a URL that is none; they name the variable.
  static Result<Addressing> from(AddressSettings settings);

  /// Of the control plane, for a path that begins with "/".
  std::string control_url(std::string_view path) const { return api_ + std::string(path); }
  /// Of a sandbox's agent or another port. `domain`: what the provider said for this sandbox.
  std::string port_url(std::string_view id, std::string_view domain, std::uint16_t port) const;
  /// The same for somebody without our headers: signed URLs.
  std::string direct_url(std::string_view id, std::string_view domain, std::uint16_t port) const;
  /// What a browser would be given: "8000-id.domain".
  std::string host(std::string_view id, std::string_view domain, std::uint16_t port) const;
  /// The headers by which one address serves all sandboxes; none where paths tell them apart:
  /// gateways that look at headers first would not look at the path.
  net::Headers routing(std::string_view id, std::uint16_t port) const;

  const std::string& api_key() const { return settings_.api_key; }
  bool debug() const { return settings_.debug; }
  /// OpenKruise: only the first generation of the API, sandboxes by path.
  bool by_path() const { return !path_base_.empty(); }
  /// Whether anything but the cloud's own address was given.
  bool is_custom() const;

 private:
  explicit Addressing(AddressSettings settings) : settings_(std::move(settings)) {}

  AddressSettings settings_;
  std::string api_;        ///< Without a slash at its end.
  std::string path_base_;  ///< "https://host/kruise"
};

/// Everything but letters, digits and "-_.~" as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace genesis::launch::e2b
