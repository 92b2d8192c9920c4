#include "launch/sandbox_server/routing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "genesis/base/text.h"
#include "launch/sandbox_server/list_query.h"

namespace genesis::sandbox_server {
namespace {

constexpr std::string_view kKruise = "/kruise/";
constexpr std::string_view kKruiseApi = "/kruise/api";

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (!all_digits(text) || text.size() > 5) return std::nullopt;
  const unsigned long number = std::stoul(std::string(text));
  if (number == 0 || number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

Answer<Destination> to_sandbox(std::string_view id, std::string_view port, std::string target) {
  Destination destination;
  destination.kind = Destination::Kind::sandbox;
  const auto number = port_of(port);
  if (!number) return refuse(400, "Invalid sandbox port");
  const auto own = id.substr(0, id.find('-'));  // Old clients add "-<client id>".
  if (!is_id(own)) return refuse(400, "Invalid sandbox ID");
  destination.id = std::string(own);
  destination.port = *number;
  destination.target = std::move(target);
  return destination;
}

/// /kruise/<id>/<port>/<rest>
Answer<Destination> by_path(std::string_view target) {
  auto rest = target.substr(kKruise.size());
  const auto path_end = std::min(rest.find('?'), rest.size());
  const auto first = rest.find('/');
  if (first == std::string_view::npos || first > path_end) {
    return refuse(404, "the path form is /kruise/<sandbox id>/<port>/…, the API is /kruise/api/…");
  }
  const auto id = rest.substr(0, first);
  rest.remove_prefix(first + 1);
  const auto port_end = std::min(rest.find_first_of("/?"), rest.size());
  const auto port = rest.substr(0, port_end);
  rest.remove_prefix(port_end);
  std::string inner(rest);
  if (inner.empty() || inner.front() != '/') inner.insert(inner.begin(), '/');
  return to_sandbox(id, port, std::move(inner));
}

/// "<port>-<id>" of "<port>-<id>.domain:443"; none when the host is not of that form.
std::optional<std::pair<std::string, std::string>> by_host(std::string_view host) {
  const auto dot = host.find('.');
  const auto dash = host.find('-');
  if (dot == std::string_view::npos || dash == std::string_view::npos || dash > dot) {
    return std::nullopt;
  }
  if (!all_digits(host.substr(0, dash))) return std::nullopt;
  return std::make_pair(std::string(host.substr(0, dash)),
                        std::string(host.substr(dash + 1, dot - dash - 1)));
}

bool has_signature(std::string_view target) {
  if (!target.starts_with("/files?")) return false;
  return target.find("?signature=") != std::string_view::npos ||
         target.find("&signature=") != std::string_view::npos;
}

}  // namespace

Answer<Destination> route(const net::HttpRequestHead& request) {
  std::string target = request.target;
  if (target.empty()) return refuse(400, "Invalid request target");
  // The absolute form names the host once more: what counts is the path.
  if (target.front() != '/') {
    const auto scheme = target.find("://");
    const auto slash = scheme == target.npos ? target.npos : target.find('/', scheme + 3);
    if (target == "*") {
      target = "/";
    } else if (slash == target.npos) {
      return refuse(400, "Invalid request target");
    } else {
      target.erase(0, slash);
    }
  }
  const std::string* const id = request.find("e2b-sandbox-id");
  const std::string* const port = request.find("e2b-sandbox-port");
  if (id && port) return to_sandbox(trim(*id), trim(*port), std::move(target));
  if (id || port) return refuse(400, "missing header: E2b-Sandbox-Id and E2b-Sandbox-Port");
  Destination destination;
  if (target.starts_with(kKruiseApi) &&
      (target.size() == kKruiseApi.size() || target[kKruiseApi.size()] == '/' ||
       target[kKruiseApi.size()] == '?')) {
    destination.kind = Destination::Kind::kruise_api;
    destination.target = target.substr(kKruiseApi.size());
    return destination;
  }
  if (target.starts_with(kKruise)) return by_path(target);
  if (const std::string* const host = request.find("host")) {
    if (const auto named = by_host(*host)) {
      return to_sandbox(named->second, named->first, std::move(target));
    }
  }
  destination.kind =
      has_signature(target) ? Destination::Kind::signed_file : Destination::Kind::control;
  destination.target = std::move(target);
  return destination;
}

bool is_internal_agent_route(const std::string& target) {
  constexpr std::array<std::string_view, 7> kInternal{"init",   "freeze",   "unfreeze", "fsfreeze",
                                                      "fsthaw", "collapse", "upgrade"};
  const Target parsed = parse_target(target);
  return parsed.segments.size() == 1 &&
         std::find(kInternal.begin(), kInternal.end(), parsed.segments.front()) != kInternal.end();
}

}  // namespace genesis::sandbox_server
