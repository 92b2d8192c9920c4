#include "launch/sandbox_server/envd/agent_options.h"

#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/json_fields.h"

namespace genesis::envd {

namespace {

constexpr std::size_t kMostSettings = 16u << 20;

std::optional<int> small_number(std::string_view text, int most) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || value < 0 ||
      value > most) {
    return std::nullopt;
  }
  return value;
}

Status take_listen(AgentOptions& options, std::string_view value) {
  const std::size_t colon = value.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : small_number(value.substr(colon + 1), 65535);
  if (!port) {
    return make_error(
        ErrorKind::invalid_argument,
        "--listen wants ADDRESS:PORT (127.0.0.1:49983), not '" + std::string(value) + "'");
  }
  options.address = value.substr(0, colon);
  options.port = static_cast<std::uint16_t>(*port);
  return {};
}

Status take_token_file(AgentOptions& options, const std::string& path) {
  GENESIS_TRY_ASSIGN(const std::string text, read_file(path, 4096));
  options.access_token = trim(text);
  if (options.access_token.empty()) {
    return make_error(ErrorKind::invalid_argument, "the token file '" + path + "' is empty");
  }
  return {};
}

Result<std::string> read_descriptor(int fd) {
  const Fd owned(fd);
  std::string text;
  std::string piece(64 * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0) return errno_error("read the settings from descriptor", std::to_string(fd), errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostSettings) {
      return make_error(ErrorKind::invalid_argument, "the settings are longer than 16 MiB");
    }
  }
}

Result<Environment> environment_of(const nlohmann::json& settings, const char* name) {
  Environment environment;
  const nlohmann::json* given = field(settings, name);
  if (given == nullptr) return environment;
  if (!given->is_object()) {
    return make_error(ErrorKind::invalid_argument, std::string(name) + " is not an object");
  }
  for (const auto& [key, value] : given->items()) {
    if (!value.is_string()) {
      return make_error(ErrorKind::invalid_argument, std::string(name) + " holds what is no text");
    }
    environment[key] = value.get<std::string>();
  }
  return environment;
}

}  // namespace

const char* usage() {
  return R"(genesis-envd: the agent in a sandbox, as the E2B SDKs expect it on port 49983

  --listen ADDRESS:PORT   serve there (127.0.0.1:49983)
  --token-file FILE       ask every request for the token in FILE (X-Access-Token)
  --default-user NAME     whose commands and files they are when a request names nobody (root)
  --sandboxed-settings N  for `genesis sandboxd`: settings as JSON from descriptor N
  --help

Whoever reaches the address may run commands as any user, root included, unless there is a token:
keep it on loopback.
)";
}

Result<AgentOptions> parse_settings(std::string_view text) {
  AgentOptions options;
  GENESIS_TRY_ASSIGN(const nlohmann::json settings, sandbox_wire::parse_json_object(text));
  const auto take_text = [&settings](const char* name, std::string& to) -> Status {
    auto value = text_field(settings, name);
    if (!value) return make_error(ErrorKind::invalid_argument, value.error().message);
    if (*value) to = **value;
    return {};
  };
  GENESIS_TRY(take_text("access_token", options.access_token));
  GENESIS_TRY(take_text("default_user", options.default_user));
  GENESIS_TRY(take_text("default_folder", options.default_folder));
  GENESIS_TRY_ASSIGN(options.environment, environment_of(settings, "environment"));
  GENESIS_TRY_ASSIGN(options.reserved, environment_of(settings, "reserved"));
  if (const auto* value = field(settings, "listen_fd"); value && value->is_number_integer()) {
    options.listen_fd = value->get<int>();
  }
  if (const auto* value = field(settings, "memory_bytes"); value && value->is_number_unsigned()) {
    options.memory_bytes = value->get<std::uint64_t>();
  }
  if (const auto* value = field(settings, "cpus"); value && value->is_number()) {
    options.cpus = value->get<double>();
  }
  if (const auto* value = field(settings, "one_identity"); value && value->is_boolean()) {
    options.one_identity = value->get<bool>();
  }
  if (const auto* value = field(settings, "sandbox")) {
    GENESIS_TRY_ASSIGN(options.enter, parse_plan(*value));
  }
  return options;
}

Result<AgentOptions> parse_options(int argc, const char* const* argv) {
  AgentOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    if (i + 1 >= argc) {
      return make_error(ErrorKind::invalid_argument,
                        "'" + std::string(name) + "' is no option, or lacks its value; see --help");
    }
    const std::string value = argv[++i];
    if (name == "--listen") {
      GENESIS_TRY(take_listen(options, value));
    } else if (name == "--token-file") {
      GENESIS_TRY(take_token_file(options, value));
    } else if (name == "--default-user") {
      options.default_user = value;
    } else if (name == "--sandboxed-settings") {
      const auto fd = small_number(value, 1 << 20);
      if (!fd)
        return make_error(ErrorKind::invalid_argument, "--sandboxed-settings wants a number");
      GENESIS_TRY_ASSIGN(const std::string text, read_descriptor(*fd));
      GENESIS_TRY_ASSIGN(options, parse_settings(text));
    } else {
      return make_error(ErrorKind::invalid_argument,
                        "'" + std::string(name) + "' is no option; see --help");
    }
  }
  return options;
}

}  // namespace genesis::envd
