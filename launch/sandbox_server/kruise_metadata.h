#pragma once

#include <map>
#include <string>

#include "launch/sandbox_server/refusal.h"

namespace genesis::sandbox_server {

/// What a caller of OpenKruise's API says in metadata keys below e2b.agents.kruise.io/.
struct KruiseExtensions {
  bool skip_init_runtime = false;  ///< No token, no variables.
  bool never_timeout = false;
  bool return_sandbox_ip = false;
};

/// Reads the extensions and takes them out of `metadata`. Refusals (400) begin with "Bad extension
/// param:"; what this version cannot do (images, volumes, resizing) is among them, never ignored.
/// Pure.
Answer<KruiseExtensions> take_kruise_extensions(std::map<std::string, std::string>& metadata);

/// "90s", "1h30m": what Go's time.ParseDuration reads, above zero.
bool is_go_duration(const std::string& text);
/// A Kubernetes qualified name: [prefix/]name.
bool is_qualified_name(const std::string& key);

/// The raw key of one that was encoded for SDKs that want e2b_ and hex digits; any other key is
/// itself.
std::string raw_kruise_key(const std::string& key);

}  // namespace genesis::sandbox_server
