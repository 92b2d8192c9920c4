#include "launch/sandbox_server/list_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "genesis/base/text.h"

namespace genesis::sandbox_server {
namespace {

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::vector<std::pair<std::string, std::string>> pairs_of(std::string_view text, bool form) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto part : split(text, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    pairs.emplace_back(percent_decode(part.substr(0, equals), form), percent_decode(value, form));
  }
  return pairs;
}

Answer<void> read_states(const std::string& value, ListQuery& query) {
  query.running = query.paused = false;
  for (const auto part : split(value, ',')) {
    if (part == "running") {
      query.running = true;
    } else if (part == "paused") {
      query.paused = true;
    } else {
      return refuse(400, fmt::format("'{}' is not a state: running, paused", part));
    }
  }
  return {};
}

/// "<milliseconds>.<id>.<order>": where the last page ended, and in which order.
Answer<void> read_token(const std::string& token, ListQuery& query) {
  const auto parts = split(token, '.');
  const auto since = parts.size() == 3 ? number(parts[0]) : std::nullopt;
  if (!since) return refuse(400, "'nextToken' is not one of this server");
  if (parts[2] != (query.ascending ? "asc" : "desc")) {
    return refuse(400, "'nextToken' is of a list in the other order");
  }
  query.after.emplace(*since, std::string(parts[1]));
  return {};
}

bool matches(const SandboxRecord& record, const ListQuery& query) {
  const bool state = record.state == SandboxState::running  ? query.running
                     : record.state == SandboxState::paused ? query.paused
                                                            : false;
  if (!state) return false;
  if (query.started_after_ms && record.started_ms < *query.started_after_ms) return false;
  if (!query.template_name.empty() && record.template_name != query.template_name) return false;
  return std::all_of(query.metadata.begin(), query.metadata.end(), [&](const auto& wanted) {
    const auto found = record.metadata.find(wanted.first);
    return found != record.metadata.end() && found->second == wanted.second;
  });
}

}  // namespace

std::string percent_decode(std::string_view text, bool form) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += form && text[i] == '+' ? ' ' : text[i];
  }
  return decoded;
}

const std::string* Target::find(std::string_view name) const {
  for (const auto& [known, value] : query) {
    if (known == name) return &value;
  }
  return nullptr;
}

Target parse_target(std::string_view text) {
  Target target;
  const auto question = text.find('?');
  const auto path = text.substr(0, question);
  target.path = std::string(path);
  for (const auto segment : split(path, '/')) {
    if (!segment.empty()) target.segments.push_back(percent_decode(segment, false));
  }
  if (question != std::string_view::npos) {
    const auto query = text.substr(question + 1);
    target.query = pairs_of(query.substr(0, query.find('#')), true);
  }
  return target;
}

std::map<std::string, std::string> read_metadata_filter(std::string_view value) {
  // The query was decoded once. What is there now is the form, encoded as a whole.
  std::map<std::string, std::string> wanted;
  for (auto& [key, text] : pairs_of(percent_decode(value, false), true)) {
    wanted[key] = std::move(text);
  }
  return wanted;
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  const std::string given(text);
  std::tm time{};
  int used = 0;
  if (std::sscanf(given.c_str(), "%4d-%2d-%2d%*[Tt ]%2d:%2d:%2d%n", &time.tm_year, &time.tm_mon,
                  &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec, &used) != 6) {
    return std::nullopt;
  }
  const bool in_range = time.tm_mon >= 1 && time.tm_mon <= 12 && time.tm_mday >= 1 &&
                        time.tm_mday <= 31 && time.tm_hour >= 0 && time.tm_hour < 24 &&
                        time.tm_min >= 0 && time.tm_min < 60 && time.tm_sec >= 0 &&
                        time.tm_sec <= 60;
  if (!in_range) return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  auto at = static_cast<std::size_t>(used);
  std::int64_t millis = 0;
  if (at < given.size() && given[at] == '.') {
    std::int64_t scale = 100;
    for (++at; at < given.size() && given[at] >= '0' && given[at] <= '9'; ++at, scale /= 10) {
      millis += (given[at] - '0') * scale;
    }
  }
  const std::string zone = given.substr(at);
  std::int64_t offset = 0;
  if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-' || zone[0] == ' ') && zone[3] == ':') {
    const auto hours = number(zone.substr(1, 2));
    const auto minutes = number(zone.substr(4, 2));
    if (!hours || !minutes) return std::nullopt;
    offset = (*hours * 60 + *minutes) * (zone[0] == '-' ? -60 : 60);
  } else if (zone != "Z" && zone != "z") {
    return std::nullopt;
  }
  return (static_cast<std::int64_t>(::timegm(&time)) - offset) * 1000 + millis;
}

Answer<ListQuery> read_list_query(const Target& target) {
  ListQuery query;
  const auto failed = [](const auto& result) { return tl::unexpected<Refusal>(result.error()); };
  if (const auto* const metadata = target.find("metadata")) {
    query.metadata = read_metadata_filter(*metadata);
  }
  if (const auto* const state = target.find("state"); state && !state->empty()) {
    if (const auto read = read_states(*state, query); !read) return failed(read);
  }
  if (const auto* const since = target.find("startedAfter")) {
    query.started_after_ms = parse_rfc3339(*since);
    if (!query.started_after_ms) return refuse(400, "'startedAfter' is not an RFC 3339 time");
  }
  if (const auto* const name = target.find("template")) {
    if (name->find(':') != std::string::npos) {
      return refuse(400, "'template' must be an id or an alias, without a tag");
    }
    query.template_name = *name;
  }
  if (const auto* const order = target.find("order")) {
    if (*order != "asc" && *order != "desc") return refuse(400, "'order' must be asc or desc");
    query.ascending = *order == "asc";
  }
  if (const auto* const limit = target.find("limit")) {
    const auto count = number(*limit);
    if (!count || *count < 1 || *count > 100) return refuse(400, "'limit' must be 1 to 100");
    query.limit = static_cast<std::size_t>(*count);
  }
  if (const auto* const token = target.find("nextToken"); token && !token->empty()) {
    if (const auto read = read_token(*token, query); !read) return failed(read);
  }
  return query;
}

Page page_of(std::vector<const SandboxRecord*> mine, const ListQuery& query) {
  const auto place = [](const SandboxRecord* record) {
    return std::make_pair(record->started_ms, record->id);
  };
  const auto before = [&](const auto& a, const auto& b) { return query.ascending ? a < b : b < a; };
  std::erase_if(mine, [&](const SandboxRecord* record) { return !matches(*record, query); });
  std::sort(mine.begin(), mine.end(),
            [&](const auto* a, const auto* b) { return before(place(a), place(b)); });
  Page page;
  page.total_running =
      static_cast<std::size_t>(std::count_if(mine.begin(), mine.end(), [](const auto* record) {
        return record->state == SandboxState::running;
      }));
  for (const SandboxRecord* const record : mine) {
    if (query.after && !before(*query.after, place(record))) continue;
    if (page.records.size() == query.limit) {
      const SandboxRecord& last = *page.records.back();
      page.next_token =
          fmt::format("{}.{}.{}", last.started_ms, last.id, query.ascending ? "asc" : "desc");
      break;
    }
    page.records.push_back(record);
  }
  return page;
}

}  // namespace genesis::sandbox_server
