#include "launch/exit_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis::launch {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t integer(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return -1;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), -1, std::int64_t{1} << 50);
}

}  // namespace

/// Whole seconds where they are: not every sleep knows fractions.
std::string shell_seconds(milliseconds time) {
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000);
  return fmt::format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}

std::string ulimits_of(const Limits& limits) {
  std::string commands;
  if (limits.cpu_time)
    commands += fmt::format("ulimit -t {};", (limits.cpu_time->count() + 999) / 1000);
  if (limits.file_bytes) commands += fmt::format("ulimit -f {};", (*limits.file_bytes + 511) / 512);
  if (limits.processes) commands += fmt::format("ulimit -u {} 2>/dev/null;", *limits.processes);
  return commands;
}

bool is_result_name(const std::string& name) {
  const std::filesystem::path path(name);
  if (name.empty() || path.is_absolute() || !path.has_filename()) return false;
  return std::none_of(path.begin(), path.end(),
                      [](const auto& part) { return part == ".." || part == "."; });
}

Result<ExitRecord> parse_exit_record(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  const auto refuse = [](std::string_view why) {
    return make_error(ErrorKind::parse, fmt::format("read the job's exit.json: {}", why));
  };
  if (!object.is_object()) return refuse("it is no JSON object");
  if (integer(object, "v") != 1) return refuse("it is of another version");
  const std::int64_t code = integer(object, "code");
  if (code < 0 || code > 255) return refuse("it has no exit code");
  ExitRecord record;
  record.code = static_cast<int>(code);
  record.timed_out = integer(object, "timed_out") == 1;
  record.stopped = integer(object, "stopped") == 1;
  record.wall = milliseconds{std::max<std::int64_t>(0, integer(object, "wall_ms"))};
  if (object.contains("cpu") && object["cpu"].is_string()) {
    record.cpu = parse_shell_times(object["cpu"].get<std::string>());
  }
  const auto count = [&](const char* key) {
    return static_cast<int>(std::clamp<std::int64_t>(integer(object, key), 0, 1'000'000));
  };
  if (integer(object, "oom") >= 0) record.oom = count("oom");
  record.left = count("left");
  record.strangers = count("strangers");
  const json files = object.value("files", json::array());
  for (const json& file : files) {
    if (!file.is_array() || file.size() != 2 || !file[0].is_number_unsigned() ||
        !file[1].is_string()) {
      continue;
    }
    std::string name = file[1].get<std::string>();
    if (is_result_name(name))
      record.files.emplace_back(std::move(name), file[0].get<std::uint64_t>());
  }
  return record;
}

milliseconds parse_shell_times(std::string_view text) {
  double seconds = 0;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t minutes_end = word.find('m');
    if (minutes_end == std::string_view::npos || !word.ends_with('s')) continue;
    const auto minutes = number_in(word.substr(0, minutes_end));
    std::string rest(word.substr(minutes_end + 1, word.size() - minutes_end - 2));
    std::replace(rest.begin(), rest.end(), ',', '.');
    double part = 0;
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), part);
    if (!minutes || failure != std::errc() || !std::isfinite(part)) continue;
    seconds += static_cast<double>(*minutes) * 60 + part;
  }
  return milliseconds{static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e12) * 1000)};
}

}  // namespace genesis::launch
