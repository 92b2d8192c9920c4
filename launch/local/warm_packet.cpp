#include "launch/local/warm_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "launch/local/warm_request.h"

namespace genesis::launch {

namespace {

template <typename T>
void append_bytes(std::string& packet, const T& value) {
  packet.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_string(std::string& packet, std::string_view text) {
  packet += text;
  packet += '\0';
}

bool has_zero(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool has_zeros(const WarmRequest& request) {
  return has_zero(request.folder) || has_zero(request.token) || has_zero(request.work_dir) ||
         std::any_of(request.arguments.begin(), request.arguments.end(), has_zero) ||
         std::any_of(request.environment.begin(), request.environment.end(), [](const auto& entry) {
           return has_zero(entry.first) || has_zero(entry.second);
         });
}

Error refusal(std::string_view why) {
  return Error{ErrorKind::io, fmt::format("ask the warm server for a job: {}", why)};
}

}  // namespace

Result<std::string> warm_packet(std::int64_t id, const WarmRequest& request) {
  const auto possible = [](int cpu) { return cpu >= 0 && cpu < GENESIS_WARM_MOST_CPU; };
  if (request.limits.size() > GENESIS_WARM_MOST_LIMITS ||
      request.cpus.size() > GENESIS_WARM_MOST_CPU ||
      request.joins.size() > GENESIS_WARM_MOST_JOINS ||
      !std::all_of(request.cpus.begin(), request.cpus.end(), possible)) {
    return tl::unexpected(refusal("it has more limits, processors or groups than a clone takes"));
  }
  if (has_zeros(request)) return tl::unexpected(refusal("a string has a zero byte"));
  std::string arguments;
  for (const std::string& argument : request.arguments) append_string(arguments, argument);
  std::string environment;
  for (const auto& [name, value] : request.environment) {
    environment += name;
    environment += '=';
    append_string(environment, value);
  }
  genesis_warm_head head{};
  head.magic = GENESIS_WARM_MAGIC;
  head.has_cgroup = request.cgroup >= 0 ? 1 : 0;
  head.id = id;
  head.limit_count = static_cast<std::uint32_t>(request.limits.size());
  head.cpu_count = static_cast<std::uint32_t>(request.cpus.size());
  head.arguments_size = static_cast<std::uint32_t>(arguments.size());
  head.environment_size = static_cast<std::uint32_t>(environment.size());
  std::string packet;
  packet.reserve(1024 + arguments.size() + environment.size());
  append_bytes(packet, head);
  for (const auto& limit : request.limits) {
    append_bytes(packet, genesis_warm_limit{limit.resource, 0, limit.soft, limit.hard});
  }
  for (const int cpu : request.cpus) append_bytes(packet, static_cast<std::uint32_t>(cpu));
  append_string(packet, request.folder);
  append_string(packet, request.token);
  append_string(packet, request.work_dir);
  packet += arguments;
  packet += environment;
  if (packet.size() > GENESIS_WARM_MOST_BYTES) {
    return tl::unexpected(refusal("its arguments and environment are too large"));
  }
  return packet;
}

}  // namespace genesis::launch
