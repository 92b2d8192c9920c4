#include "launch/sandbox_server/server_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/config/node_json.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"

namespace genesis::sandbox_server {
namespace {

using nlohmann::json;

constexpr std::size_t kMostConfig = 4u << 20;

std::size_t read_count(OptionReader& reader, std::string_view key, std::size_t given, int least) {
  int count = static_cast<int>(given);
  reader.read(key, count);
  if (count < least) reader.fail(key, fmt::format("must be at least {}", least));
  return static_cast<std::size_t>(count);
}

TeamConfig read_team(const json& given, const std::string& path) {
  OptionReader reader(given, path);
  TeamConfig team;
  reader.read("name", team.name);
  reader.read("api_keys", team.api_keys);
  team.max_sandboxes = read_count(reader, "max_sandboxes", team.max_sandboxes, 1);
  reader.finish();
  reader.require("name");
  return team;
}

TemplateConfig read_template(const json& given, const std::string& path) {
  OptionReader reader(given, path);
  TemplateConfig made;
  reader.read("name", made.name);
  reader.read("aliases", made.aliases);
  reader.read("cpu_count", made.cpu_count);
  if (made.cpu_count < 1) reader.fail("cpu_count", "must be at least 1");
  std::uint64_t memory = static_cast<std::uint64_t>(made.memory_mb) << 20;
  reader.read_bytes("memory", memory);
  if (memory < (16u << 20)) reader.fail("memory", "must be at least 16M");
  made.memory_mb = static_cast<std::int64_t>(memory >> 20);
  reader.read("environment", made.environment);
  reader.finish();
  reader.require("name");
  return made;
}

template <typename T>
void read_list(OptionReader& reader, const std::string& key, std::vector<T>& out,
               T (*read_one)(const json&, const std::string&)) {
  json items = json::array();
  reader.read(key, items);
  if (!items.is_array()) reader.fail(key, "must be a list");
  for (std::size_t i = 0; i < items.size(); ++i) {
    out.push_back(read_one(items[i], fmt::format("{}[{}]", key, i)));
  }
}

void read_all(const json& given, ServerConfig& config) {
  OptionReader reader(given, "");
  std::string listen;
  reader.read("listen", listen);
  if (!listen.empty()) {
    if (const auto read = read_listen(listen, config); !read) {
      reader.fail("listen", read.error().message);
    }
  }
  reader.read("state_dir", config.state_dir);
  reader.read("domain", config.domain);
  reader.read("agent", config.agent);
  json tls = json::object();
  reader.read("tls", tls);
  if (!tls.is_object() && !tls.is_null()) reader.fail("tls", "must have certificate and key");
  OptionReader files(tls, "tls");
  files.read("certificate", config.tls_certificate);
  files.read("key", config.tls_key);
  files.finish();
  read_list(reader, "teams", config.teams, read_team);
  read_list(reader, "templates", config.templates, read_template);
  config.max_sandboxes = read_count(reader, "max_sandboxes", config.max_sandboxes, 1);
  config.queue_length = read_count(reader, "queue_length", config.queue_length, 0);
  reader.read("queue_wait", config.queue_wait);
  Millis longest = std::chrono::seconds{config.max_timeout_s};
  reader.read("max_timeout", longest);
  if (longest < Millis{1000} || longest > std::chrono::hours{24 * 366}) {
    reader.fail("max_timeout", "must be between 1 s and 366 d");
  }
  config.max_timeout_s = static_cast<int>(longest.count() / 1000);
  reader.read_enum("at_stop", config.at_stop, {{"keep", AtStop::keep}, {"end", AtStop::end}});
  reader.read("stop_patience", config.stop_patience);
  reader.read("exit_when_idle", config.exit_when_idle);
  reader.read("metrics_every", config.metrics_every);
  if (config.metrics_every < Millis{100}) reader.fail("metrics_every", "must be at least 100 ms");
  reader.finish();
}

bool is_template_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_./") == std::string::npos;
}

Status check_teams(const ServerConfig& config) {
  std::set<std::string> names;
  std::set<std::string> keys;
  for (const TeamConfig& team : config.teams) {
    if (!names.insert(team.name).second) {
      return make_error(ErrorKind::invalid_argument, fmt::format("two teams '{}'", team.name));
    }
    for (const std::string& key : team.api_keys) {
      if (key.size() < 8) {
        return make_error(ErrorKind::invalid_argument,
                          fmt::format("a key of team '{}' is too short to be secret: e2b_ and at "
                                      "least 32 hex digits, as from `openssl rand -hex 20`",
                                      team.name));
      }
      if (!keys.insert(key).second) {
        return make_error(ErrorKind::invalid_argument,
                          fmt::format("a key of team '{}' is another's too", team.name));
      }
    }
  }
  if (keys.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      "nobody could use this server: give --api-key e2b_… (or teams in the file)");
  }
  return {};
}

}  // namespace

Status read_config_file(const fs::path& path, ServerConfig& config) {
  GENESIS_TRY_ASSIGN(const std::string text, read_file(path, kMostConfig));
  try {
    const auto tree = config::load_yaml(text, path.string());
    read_all(config::to_json(*tree), config);
  } catch (const OptionException& wrong) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{}: {}", path.string(), wrong.what()));
  } catch (const config::ConfigError& wrong) {
    return tl::unexpected<Error>(wrong.to_error());
  }
  return {};
}

Status read_listen(const std::string& text, ServerConfig& config) {
  const auto colon = text.rfind(':');
  const auto wrong = [&] {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is not ADDRESS:PORT, like 127.0.0.1:3000", text));
  };
  if (colon == std::string::npos) return wrong();
  std::string address = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos ||
      std::stoul(port) > 65535) {
    return wrong();
  }
  config.address = address.empty() ? "127.0.0.1" : address == "localhost" ? "127.0.0.1" : address;
  config.port = static_cast<std::uint16_t>(std::stoul(port));
  return {};
}

Status complete(ServerConfig& config) {
  GENESIS_TRY(check_teams(config));
  for (const char* const name : {"base", "code-interpreter-v1"}) {
    const bool there = std::any_of(config.templates.begin(), config.templates.end(),
                                   [&](const TemplateConfig& t) { return t.name == name; });
    if (there) continue;
    TemplateConfig added;
    added.name = name;
    config.templates.push_back(std::move(added));
  }
  std::set<std::string> names;
  for (const TemplateConfig& made : config.templates) {
    std::vector<std::string> all = made.aliases;
    all.push_back(made.name);
    for (const std::string& name : all) {
      if (!is_template_name(name)) {
        return make_error(ErrorKind::invalid_argument,
                          fmt::format("'{}' is not a template's name: a-z, 0-9, - _ . /", name));
      }
      if (!names.insert(name).second) {
        return make_error(ErrorKind::invalid_argument, fmt::format("two templates '{}'", name));
      }
    }
  }
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      "tls.certificate and tls.key belong together: PEM files, both or neither");
  }
  if (config.state_dir.empty()) {
    return make_error(ErrorKind::invalid_argument,
                      "give --state-dir DIR: where sandboxes keep their files");
  }
  for (const TeamConfig& team : config.teams) {
    for (const std::string& key : team.api_keys) register_secret(key);
  }
  return {};
}

}  // namespace genesis::sandbox_server
