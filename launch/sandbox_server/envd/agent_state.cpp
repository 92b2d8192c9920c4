#include "launch/sandbox_server/envd/agent_state.h"

#include <charconv>
#include <ctime>

#include "genesis/base/base64.h"
#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/json_fields.h"
#include "launch/sandbox_wire/signature.h"

namespace genesis::envd {

namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `count` digits at `at`, which moves behind them.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  const char* begin = text.data() + at;
  const auto [end, failure] = std::from_chars(begin, begin + count, value);
  if (failure != std::errc() || end != begin + count || *begin == '-') return std::nullopt;
  at += count;
  return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

/// Microseconds of ".123456789", if it is there.
std::int64_t fraction(std::string_view text, std::size_t& at) {
  if (!skip(text, at, ".")) return 0;
  std::int64_t value = 0;
  std::int64_t unit = 100'000;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
    value += (text[at] - '0') * unit;
  }
  return value;
}

/// Seconds east of Greenwich; absent when there is no zone.
std::optional<std::int64_t> zone(std::string_view text, std::size_t& at) {
  if (skip(text, at, "Zz")) return 0;
  const std::int64_t sign = at < text.size() && text[at] == '-' ? -1 : 1;
  if (!skip(text, at, "+-")) return std::nullopt;
  const auto hours = digits(text, at, 2);
  if (!hours || !skip(text, at, ":")) return std::nullopt;
  const auto minutes = digits(text, at, 2);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  std::size_t at = 0;
  int parts[6] = {};
  constexpr std::string_view kAfter[] = {"-", "-", "Tt ", ":", ":", ""};
  constexpr std::size_t kDigits[] = {4, 2, 2, 2, 2, 2};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto value = digits(text, at, kDigits[i]);
    if (!value) return std::nullopt;
    parts[i] = *value;
    if (!kAfter[i].empty() && !skip(text, at, kAfter[i])) return std::nullopt;
  }
  const std::int64_t micros = fraction(text, at);
  const auto offset = zone(text, at);
  if (!offset || at != text.size()) return std::nullopt;
  std::tm time{};
  time.tm_year = parts[0] - 1900;
  time.tm_mon = parts[1] - 1;
  time.tm_mday = parts[2];
  time.tm_hour = parts[3];
  time.tm_min = parts[4];
  time.tm_sec = parts[5];
  return (static_cast<std::int64_t>(::timegm(&time)) - *offset) * 1'000'000 + micros;
}

Result<InitRequest> parse_init(std::string_view body) {
  GENESIS_TRY_ASSIGN(const nlohmann::json message, sandbox_wire::parse_json_object(body));
  InitRequest request;
  if (const nlohmann::json* given = field(message, "envVars")) {
    if (!given->is_object()) return make_error(ErrorKind::parse, "envVars is not an object");
    Environment environment;
    for (const auto& [name, value] : given->items()) {
      const bool usable = value.is_string() && !name.empty() &&
                          name.find_first_of(std::string_view("=\0", 2)) == std::string::npos &&
                          value.get_ref<const std::string&>().find('\0') == std::string::npos;
      if (!usable) return make_error(ErrorKind::parse, "envVars holds what is no variable");
      environment[name] = value.get<std::string>();
    }
    request.environment = std::move(environment);
  }
  const auto text = [&message](const char* name) -> Result<std::string> {
    auto value = text_field(message, name);
    if (!value) return make_error(ErrorKind::parse, value.error().message);
    return value->value_or("");
  };
  GENESIS_TRY_ASSIGN(request.access_token, text("accessToken"));
  GENESIS_TRY_ASSIGN(request.default_user, text("defaultUser"));
  GENESIS_TRY_ASSIGN(request.default_folder, text("defaultWorkdir"));
  GENESIS_TRY_ASSIGN(const std::string timestamp, text("timestamp"));
  if (!timestamp.empty()) {
    request.timestamp_us = parse_timestamp(timestamp);
    if (!request.timestamp_us) return make_error(ErrorKind::parse, "timestamp is not RFC 3339");
  }
  return request;
}

bool AgentState::apply(const InitRequest& request) {
  if (!access_token.empty() && !sandbox_wire::equal_secrets(access_token, request.access_token))
    return false;
  if (request.timestamp_us && last_init_us && *request.timestamp_us <= *last_init_us) return true;
  if (request.timestamp_us) last_init_us = request.timestamp_us;
  access_token = request.access_token;
  if (request.environment) environment = *request.environment;
  if (!request.default_user.empty()) default_user = request.default_user;
  if (!request.default_folder.empty()) default_folder = request.default_folder;
  return true;
}

std::vector<std::string> command_environment(const AgentState& state, const Account& account,
                                             const Environment& own) {
  Environment merged;
  merged["PATH"] = kDefaultPath;
  merged["HOME"] = account.home;
  merged["USER"] = account.name;
  merged["LOGNAME"] = account.name;
  for (const auto& [name, value] : state.environment) merged[name] = value;
  for (const auto& [name, value] : state.reserved) merged[name] = value;
  for (const auto& [name, value] : own) merged[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : merged) lines.push_back(name + "=" + value);
  return lines;
}

std::string search_path_of(const std::vector<std::string>& environment) {
  for (const std::string& line : environment) {
    if (line.starts_with("PATH=")) return line.substr(5);
  }
  return std::string(kDefaultPath);
}

std::optional<std::string> basic_user(std::string_view authorization) {
  if (!starts_with_ignore_case(authorization, "basic ")) return std::nullopt;
  const auto decoded = from_base64(trim(authorization.substr(6)));
  if (!decoded) return std::nullopt;
  std::string user = decoded->substr(0, decoded->find(':'));
  if (user.empty()) return std::nullopt;
  return user;
}

}  // namespace genesis::envd
