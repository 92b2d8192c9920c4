// What a probe's job wrote, and what earlier probes found: files that others may have written.
#include <charconv>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"
#include "launch/slurm/folder_probe.h"

namespace genesis::launch::slurm {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t kLongestMillis = 600'000;
constexpr std::size_t kMostRemembered = 500;

json read_memory(std::string_view file) {
  json known = json::parse(file, nullptr, false);
  return known.is_object() ? known : json::object();
}

std::optional<std::int64_t> number_at(const json& entry, const char* key) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_number_integer())
    return std::nullopt;
  return entry[key].get<std::int64_t>();
}

}  // namespace

std::optional<ProbeAnswer> parse_probe_answer(std::string_view text, std::string_view nonce) {
  if (!text.ends_with('\n')) return std::nullopt;
  const auto words = split(trim(text), ' ');
  if (words.size() != 3 || words[0] != nonce || words[2].empty() || words[2].size() > 255)
    return std::nullopt;
  std::int64_t millis = 0;
  const auto [end, failure] =
      std::from_chars(words[1].data(), words[1].data() + words[1].size(), millis);
  if (failure != std::errc() || end != words[1].data() + words[1].size() || millis < 0 ||
      millis > kLongestMillis) {
    return std::nullopt;
  }
  return ProbeAnswer{to_valid_utf8(words[2]), milliseconds{millis}};
}

std::optional<ProbeAnswer> remembered_probe(std::string_view file, const std::string& key,
                                            std::int64_t now_millis, milliseconds how_long) {
  const json known = read_memory(file);
  const auto entry = known.find(key);
  if (entry == known.end()) return std::nullopt;
  const auto at = number_at(*entry, "at");
  const auto trip = number_at(*entry, "round_trip_ms");
  if (!at || !trip || *trip < 0 || *trip > kLongestMillis) return std::nullopt;
  // A clock that was set back is no reason to believe it for longer.
  if (*at > now_millis || now_millis - *at >= how_long.count()) return std::nullopt;
  const auto node = entry->find("node");
  if (node == entry->end() || !node->is_string()) return std::nullopt;
  return ProbeAnswer{node->get<std::string>(), milliseconds{*trip}};
}

std::string remember_probe(std::string_view file, const std::string& key, const ProbeAnswer& answer,
                           std::int64_t now_millis) {
  constexpr std::int64_t kForgotten = std::int64_t{90} * 86'400'000;
  json kept = json::object();
  const json known = read_memory(file);
  for (const auto& [name, entry] : known.items()) {
    const auto at = number_at(entry, "at");
    if (at && *at <= now_millis && *at > now_millis - kForgotten && kept.size() < kMostRemembered) {
      kept[name] = entry;
    }
  }
  kept[key] = {
      {"at", now_millis}, {"node", answer.node}, {"round_trip_ms", answer.round_trip.count()}};
  return kept.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace genesis::launch::slurm
