#include "launch/sandbox_server/create_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;

constexpr int kTimeoutV1 = 15;
constexpr int kTimeoutV2 = 300;
constexpr std::size_t kMostPairs = 1000;
constexpr std::size_t kLongestValue = 64u << 10;
constexpr std::size_t kTokenDigits = 32;

bool absent(const json& body, const char* key) {
  const auto found = body.find(key);
  return found == body.end() || found->is_null();
}

Answer<bool> read_bool(const json& body, const char* key, bool otherwise) {
  if (absent(body, key)) return otherwise;
  if (!body.at(key).is_boolean())
    return refuse(400, fmt::format("'{}' must be true or false", key));
  return body.at(key).get<bool>();
}

Answer<std::map<std::string, std::string>> read_map(const json& body, const char* key) {
  std::map<std::string, std::string> pairs;
  if (absent(body, key)) return pairs;
  const json& given = body.at(key);
  if (!given.is_object()) return refuse(400, fmt::format("'{}' must be an object of texts", key));
  if (given.size() > kMostPairs) return refuse(400, fmt::format("'{}' has too many entries", key));
  for (const auto& [name, value] : given.items()) {
    if (!value.is_string()) {
      return refuse(400, fmt::format("'{}' must be an object of texts: '{}' is none", key, name));
    }
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > kLongestValue) return refuse(400, fmt::format("'{}' is too long", name));
    pairs[name] = text;
  }
  return pairs;
}

Answer<void> check_environment(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) {
    const bool fits = !name.empty() && name.find('=') == std::string::npos &&
                      name.find('\0') == std::string::npos && value.find('\0') == std::string::npos;
    if (!fits) return refuse(400, "an environment variable has no name, or '=' or NUL in it");
  }
  return {};
}

/// What would have to be enforced and is not: refused with what to do.
Answer<void> refuse_what_cannot_be(const json& body) {
  if (!absent(body, "allow_internet_access") && body.at("allow_internet_access") == json(false)) {
    return refuse(400,
                  "allow_internet_access=false cannot be enforced: sandboxes of this version share "
                  "the host's network. Leave it out to accept that");
  }
  constexpr std::array<std::pair<const char*, const char*>, 3> kUnknown{{
      {"mcp", "MCP gateways are not served"},
      {"iam", "workload identity is not served"},
      {"volumeMounts", "volumes are not served"},
  }};
  for (const auto& [key, why] : kUnknown) {
    if (absent(body, key) || body.at(key).empty()) continue;
    return refuse(400, fmt::format("'{}' is refused: {} by this version", key, why));
  }
  return {};
}

Answer<void> read_network(const json& body, SandboxRecord& record) {
  if (absent(body, "network")) return {};
  const json& network = body.at("network");
  if (!network.is_object()) return refuse(400, "'network' must be an object");
  for (const auto& [key, value] : network.items()) {
    if (value.is_null()) continue;
    if (key == "allowPublicTraffic" && value.is_boolean()) {
      if (value.get<bool>()) continue;
      if (record.access_token.empty()) {
        return refuse(400, "allowPublicTraffic=false needs a secure sandbox");
      }
      record.traffic_token = random_hex(kTokenDigits);
    } else if (key == "maskRequestHost" && value.is_string()) {
      record.mask_host = value.get<std::string>();
      const auto wrong = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
      if (std::any_of(record.mask_host.begin(), record.mask_host.end(), wrong)) {
        return refuse(400, "'maskRequestHost' is not a host");
      }
    } else if (!value.empty()) {
      return refuse(400, fmt::format("network.{} cannot be enforced: sandboxes of this version "
                                     "share the host's network. Leave it out to accept that",
                                     key));
    }
  }
  return {};
}

Answer<void> read_pausing(const json& body, SandboxRecord& record) {
  const auto pause = read_bool(body, "autoPause", false);
  if (!pause) return tl::unexpected<Refusal>(pause.error());
  record.auto_pause = *pause;
  const auto memory = read_bool(body, "autoPauseMemory", true);
  if (!memory) return tl::unexpected<Refusal>(memory.error());
  if (!absent(body, "autoResume")) {
    const json& resume = body.at("autoResume");
    if (!resume.is_object()) return refuse(400, "'autoResume' must be an object");
    const auto enabled = read_bool(resume, "enabled", false);
    if (!enabled) return tl::unexpected<Refusal>(enabled.error());
    record.auto_resume = *enabled;
  }
  if (*memory) return {};
  if (!record.auto_pause) return refuse(400, "autoPauseMemory=false needs autoPause");
  if (record.auto_resume) return refuse(400, "autoPauseMemory=false excludes autoResume");
  return refuse(400,
                "autoPauseMemory=false is refused: this version pauses processes in memory only");
}

}  // namespace

const TemplateConfig* find_template(const ServerConfig& config, std::string name) {
  if (const auto tag = name.find(':'); tag != std::string::npos) {
    const std::string which = name.substr(tag + 1);
    if (which != "default" && which != "latest") return nullptr;
    name.resize(tag);
  }
  for (const TemplateConfig& made : config.templates) {
    if (made.name == name) return &made;
    for (const std::string& alias : made.aliases) {
      if (alias == name) return &made;
    }
  }
  return nullptr;
}

Answer<int> read_timeout(const json& body, int otherwise, int least, int most) {
  if (absent(body, "timeout")) return otherwise;
  const json& given = body.at("timeout");
  if (!given.is_number_integer()) return refuse(400, "'timeout' must be a whole number of seconds");
  const bool in_range = given.is_number_unsigned() ? given.get<std::uint64_t>() <= 0x7FFFFFFF
                                                   : given.get<std::int64_t>() >= -0x7FFFFFFF;
  const std::int64_t seconds = in_range ? given.get<std::int64_t>() : std::int64_t{1} << 40;
  if (seconds < least) return refuse(400, fmt::format("Timeout must be at least {} s", least));
  if (seconds > most) {
    return refuse(400, most % 3600 == 0
                           ? fmt::format("Timeout cannot be greater than {} hours", most / 3600)
                           : fmt::format("Timeout cannot be greater than {} s", most));
  }
  return static_cast<int>(seconds);
}

Answer<SandboxRecord> read_create_request(const json& body, ApiVersion version,
                                          const ServerConfig& config) {
  const auto failed = [](const auto& result) { return tl::unexpected<Refusal>(result.error()); };
  SandboxRecord record;
  if (absent(body, "templateID") || !body.at("templateID").is_string()) {
    return refuse(400, "'templateID' must name a template");
  }
  const std::string wanted = body.at("templateID").get<std::string>();
  const TemplateConfig* const made = find_template(config, wanted);
  if (!made) {
    std::vector<std::string> names;
    for (const TemplateConfig& known : config.templates) names.push_back(known.name);
    return refuse(404,
                  fmt::format("template '{}' not found{}", wanted, did_you_mean(wanted, names)));
  }
  record.template_name = made->name;
  record.cpu_count = made->cpu_count;
  record.memory_mb = made->memory_mb;
  record.environment = made->environment;
  const auto timeout = read_timeout(body, version == ApiVersion::v1 ? kTimeoutV1 : kTimeoutV2, 1,
                                    config.max_timeout_s);
  if (!timeout) return failed(timeout);
  record.timeout_s = *timeout;
  auto metadata = read_map(body, "metadata");
  if (!metadata) return failed(metadata);
  record.metadata = std::move(*metadata);
  auto environment = read_map(body, "envVars");
  if (!environment) return failed(environment);
  if (const auto fit = check_environment(*environment); !fit) return failed(fit);
  for (auto& [name, value] : *environment) record.environment[name] = std::move(value);
  const auto secure = read_bool(body, "secure", version == ApiVersion::v2);
  if (!secure) return failed(secure);
  if (*secure || version == ApiVersion::v2) record.access_token = random_hex(kTokenDigits);
  if (const auto able = refuse_what_cannot_be(body); !able) return failed(able);
  if (const auto read = read_network(body, record); !read) return failed(read);
  if (const auto read = read_pausing(body, record); !read) return failed(read);
  return record;
}

}  // namespace genesis::sandbox_server
