#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "launch/sandbox_server/refusal.h"
#include "launch/sandbox_server/sandbox_record.h"

namespace genesis::sandbox_server {

/// A request's target, decoded once: path segments and query pairs. A percent-encoded slash stays
/// inside its segment.
struct Target {
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
  std::string path;  ///< As sent, without the query.

  const std::string* find(std::string_view name) const;
};
Target parse_target(std::string_view target);

/// "%41" → "A"; with `form`, "+" → " ". What is no escape stays.
std::string percent_decode(std::string_view text, bool form);

/// What a caller wants of a list.
struct ListQuery {
  std::map<std::string, std::string> metadata;  ///< All must match.
  bool running = true;
  bool paused = true;
  std::optional<std::int64_t> started_after_ms;
  std::string template_name;
  bool ascending = false;
  std::size_t limit = 100;
  std::optional<std::pair<std::int64_t, std::string>> after;  ///< Of the page before.
};

/// Refusals: 400. `states` none: the deprecated list, of running ones.
Answer<ListQuery> read_list_query(const Target& target);
/// `metadata` of a query, encoded three times (e2b-protocol B.3.2).
std::map<std::string, std::string> read_metadata_filter(std::string_view value);
/// Milliseconds of an RFC 3339 instant; none: it is none.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

struct Page {
  std::vector<const SandboxRecord*> records;
  std::string next_token;         ///< Empty: the last page.
  std::size_t total_running = 0;  ///< Of all pages.
};
/// One page of what matches, newest first unless asked otherwise. `mine` in any order.
Page page_of(std::vector<const SandboxRecord*> mine, const ListQuery& query);

}  // namespace genesis::sandbox_server
