// What clients send to the sandbox server behind the HTTP boundary: targets, hosts, queries,
// bodies; and the journal's lines.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "launch/sandbox_server/create_request.h"
#include "launch/sandbox_server/json_text.h"
#include "launch/sandbox_server/kruise_metadata.h"
#include "launch/sandbox_server/list_query.h"
#include "launch/sandbox_server/routing.h"
#include "launch/sandbox_server/sandbox_record.h"

namespace {

using namespace genesis::sandbox_server;

void check_id(const Destination& destination) {
  if (destination.kind != Destination::Kind::sandbox) return;
  if (destination.id.empty() || destination.port == 0 || destination.target.front() != '/') {
    std::abort();
  }
  if (destination.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") !=
      std::string::npos) {
    std::abort();
  }
}

void read_target(const std::string& text) {
  genesis::net::HttpRequestHead request;
  const auto space = text.find(' ');
  request.target = text.substr(0, space);
  if (space != std::string::npos) request.headers.emplace_back("Host", text.substr(space + 1));
  if (const auto found = route(request)) check_id(*found);
  is_internal_agent_route(request.target);
  const Target target = parse_target(request.target);
  if (const auto query = read_list_query(target);
      query && (query->limit < 1 || query->limit > 100)) {
    std::abort();
  }
  read_metadata_filter(text);
  parse_rfc3339(text);
  raw_kruise_key(text);
  is_go_duration(text);
}

void read_body(std::string_view text, const ServerConfig& config) {
  const auto body = parse_body(text);
  if (!body) {
    if (error_body(body.error()).empty()) std::abort();
    return;
  }
  for (const ApiVersion version : {ApiVersion::v1, ApiVersion::v2}) {
    auto record = read_create_request(*body, version, config);
    if (!record) continue;
    if (record->timeout_s < 1 || record->timeout_s > config.max_timeout_s) std::abort();
    if (version == ApiVersion::v2 && record->access_token.empty()) std::abort();
    const auto stored = record_from_json(to_json(*record));
    if (!stored || to_json(*stored) != to_json(*record)) std::abort();
    const bool taken = take_kruise_extensions(record->metadata).has_value();
    for (const auto& [key, value] : record->metadata) {
      if (taken && key.starts_with("e2b.agents.kruise.io/")) std::abort();
    }
  }
  const bool kept = record_from_json(*body).has_value();
  const bool gone = tombstone_from_json(*body).has_value();
  static_cast<void>(kept);
  static_cast<void>(gone);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ServerConfig config = [] {
    ServerConfig made;
    TemplateConfig base;
    base.name = "base";
    made.templates.push_back(base);
    return made;
  }();
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_target(text);
  read_body(text, config);
  return 0;
}
