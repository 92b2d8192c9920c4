#pragma once

#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::net {

/// Where a request goes: an http or https URL in its parts. Any thread.
struct Url {
  bool tls = false;
  std::string host;       ///< A name or an address, without brackets, in lower case.
  std::string port;       ///< Digits; 80 or 443 when the URL names none.
  std::string target;     ///< Path and query as they stand in the request line; "/" at least.
  std::string user_info;  ///< "user:password", decoded; empty when there is none.

  /// What the Host header and CONNECT say: host with its port, in brackets where it is IPv6.
  std::string authority() const;
  /// "https://host:port", without what may be secret (path, query, user): for messages.
  std::string origin() const;
};

/// Errors (`invalid_argument`): no URL, another scheme, no host, a port that is none. They do not
/// repeat the URL, which may be a secret.
Result<Url> parse_url(std::string_view text);

}  // namespace genesis::net
