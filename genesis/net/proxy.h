#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/net/url.h"

namespace genesis::net {

/// What the environment says of proxies: https_proxy or HTTPS_PROXY, no_proxy or NO_PROXY.
struct ProxySettings {
  std::string https_proxy;
  std::string no_proxy;
};
ProxySettings proxies_of_environment();

/// Whether `no_proxy` names this destination: "*", a host, a domain (with what is below it, written
/// with or without a leading dot), each with a port or without, between commas.
bool goes_directly(const Url& url, std::string_view no_proxy);

/// The proxy that a request goes through, by CONNECT; none for plain http. Errors: the proxy's URL
/// is none, or is not an http one.
Result<std::optional<Url>> proxy_for(const Url& url, const ProxySettings& settings);

}  // namespace genesis::net
