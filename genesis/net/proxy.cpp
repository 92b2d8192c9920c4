#include "genesis/net/proxy.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "genesis/base/text.h"

namespace genesis::net {
namespace {

std::string variable(const char* lower, const char* upper) {
  for (const char* name : {lower, upper}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != 0) return value;
  }
  return {};
}

bool names(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  // "[::1]:443", "::1", "host:443", "host": only one colon, or one behind a bracket, is a port's.
  const auto colon = entry.rfind(':');
  const bool has_port = colon != entry.npos && (entry.find(':') == colon || entry[0] == '[') &&
                        entry.find(']', colon) == entry.npos;
  if (has_port && entry.substr(colon + 1) != url.port) return false;
  if (has_port) entry = entry.substr(0, colon);
  if (entry.size() > 2 && entry.front() == '[' && entry.back() == ']') {
    entry = entry.substr(1, entry.size() - 2);
  }
  if (entry.starts_with(".")) entry.remove_prefix(1);
  if (entry.empty() || !url.host.ends_with(entry)) return false;
  return url.host.size() == entry.size() || url.host[url.host.size() - entry.size() - 1] == '.';
}

}  // namespace

ProxySettings proxies_of_environment() {
  return {variable("https_proxy", "HTTPS_PROXY"), variable("no_proxy", "NO_PROXY")};
}

bool goes_directly(const Url& url, std::string_view no_proxy) {
  std::string list(no_proxy);
  std::transform(list.begin(), list.end(), list.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  const auto entries = split(list, ',');
  return std::any_of(entries.begin(), entries.end(), [&](std::string_view entry) {
    const std::string_view clean = trim(entry);
    return !clean.empty() && names(clean, url);
  });
}

Result<std::optional<Url>> proxy_for(const Url& url, const ProxySettings& settings) {
  if (!url.tls || settings.https_proxy.empty() || goes_directly(url, settings.no_proxy)) {
    return std::nullopt;
  }
  // "host:3128" is what many people write.
  const bool bare = settings.https_proxy.find("://") == std::string::npos;
  auto proxy = parse_url(bare ? "http://" + settings.https_proxy : settings.https_proxy);
  if (!proxy) return tl::unexpected<Error>(std::move(proxy.error()).with_context("HTTPS_PROXY"));
  if (proxy->tls) {
    return make_error(ErrorKind::unsupported,
                      "HTTPS_PROXY: a proxy that is itself reached by https is not supported; give "
                      "an http:// one");
  }
  return std::optional<Url>(std::move(*proxy));
}

}  // namespace genesis::net
