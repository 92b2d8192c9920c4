#include "launch/sandbox_server/envd/process_messages.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>

#include "genesis/base/base64.h"
#include "launch/sandbox_server/envd/json_fields.h"

namespace genesis::envd {

namespace {

using nlohmann::json;

bool holds_zero(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

tl::unexpected<RpcError> zero_byte(const char* where) {
  return rpc_error(RpcCode::invalid_argument, std::string(where) + " holds a zero byte");
}

RpcResult<CommandConfig> parse_config(const json& object) {
  CommandConfig config;
  GENESIS_RPC_ASSIGN(const auto command, text_field(object, "cmd"));
  if (!command || command->empty()) {
    return rpc_error(RpcCode::invalid_argument, "the field 'cmd' is missing: which program?");
  }
  if (holds_zero(*command)) return zero_byte("the command");
  config.command = *command;
  if (const json* arguments = field(object, "args")) {
    if (!arguments->is_array()) return wrong_type("args", "a list");
    for (const json& argument : *arguments) {
      if (!argument.is_string()) return wrong_type("args", "a list of strings");
      config.arguments.push_back(argument.get<std::string>());
      if (holds_zero(config.arguments.back())) return zero_byte("an argument");
    }
  }
  if (const json* environment = field(object, "envs")) {
    if (!environment->is_object()) return wrong_type("envs", "an object");
    for (const auto& [name, value] : environment->items()) {
      if (!value.is_string()) return wrong_type("envs", "an object of strings");
      const auto& text = value.get_ref<const std::string&>();
      if (holds_zero(name) || holds_zero(text)) return zero_byte("the environment");
      if (name.empty() || name.find('=') != std::string::npos) {
        return rpc_error(RpcCode::invalid_argument,
                         "'" + name + "' cannot be the name of an environment variable");
      }
      config.environment[name] = text;
    }
  }
  GENESIS_RPC_ASSIGN(config.folder, text_field(object, "cwd"));
  return config;
}

RpcResult<PtySize> parse_size(const json& object) {
  PtySize size;
  const json* given = field(object, "size");
  if (given == nullptr) return size;
  if (!given->is_object()) return wrong_type("size", "an object");
  GENESIS_RPC_ASSIGN(const auto columns, number_field(*given, "cols"));
  GENESIS_RPC_ASSIGN(const auto rows, number_field(*given, "rows"));
  size.columns = static_cast<std::uint16_t>(std::min<std::uint32_t>(columns.value_or(0), 65535));
  size.rows = static_cast<std::uint16_t>(std::min<std::uint32_t>(rows.value_or(0), 65535));
  return size;
}

RpcResult<std::optional<PtySize>> parse_pty(const json& object) {
  const json* pty = field(object, "pty");
  if (pty == nullptr) return std::nullopt;
  if (!pty->is_object()) return wrong_type("pty", "an object");
  GENESIS_RPC_ASSIGN(const PtySize size, parse_size(*pty));
  return std::optional<PtySize>(size);
}

RpcResult<ProcessSelector> selector_of(const json& message) {
  ProcessSelector selector;
  const json* process = field(message, "process");
  if (process == nullptr || !process->is_object()) {
    return rpc_error(RpcCode::invalid_argument, "the field 'process' is missing: {pid} or {tag}");
  }
  GENESIS_RPC_ASSIGN(selector.pid, number_field(*process, "pid"));
  GENESIS_RPC_ASSIGN(selector.tag, text_field(*process, "tag"));
  if (!selector.pid && !selector.tag) {
    return rpc_error(RpcCode::invalid_argument, "the field 'process' holds neither pid nor tag");
  }
  return selector;
}

RpcResult<ProcessInput> input_of(const json& message) {
  ProcessInput input;
  const json* object = field(message, "input");
  if (object == nullptr || !object->is_object()) {
    return rpc_error(RpcCode::invalid_argument, "the field 'input' is missing: {stdin} or {pty}");
  }
  GENESIS_RPC_ASSIGN(const auto standard, text_field(*object, "stdin"));
  GENESIS_RPC_ASSIGN(const auto terminal, text_field(*object, "pty"));
  if (!standard && !terminal) {
    return rpc_error(RpcCode::invalid_argument, "the field 'input' holds neither stdin nor pty");
  }
  input.for_pty = !standard;
  auto bytes = from_base64(standard ? *standard : *terminal);
  if (!bytes) return wrong_type(standard ? "stdin" : "pty", "base64");
  input.bytes = std::move(*bytes);
  return input;
}

int signal_of(const json& message) {
  const json* value = field(message, "signal");
  if (value == nullptr) return 0;
  if (value->is_string()) {
    const auto& name = value->get_ref<const std::string&>();
    if (name == "SIGNAL_SIGKILL") return SIGKILL;
    return name == "SIGNAL_SIGTERM" ? SIGTERM : 0;
  }
  const bool known = value->is_number_integer() && (*value == SIGKILL || *value == SIGTERM);
  return known ? value->get<int>() : 0;
}

json config_json(const CommandConfig& config) {
  json object;
  object["cmd"] = config.command;
  object["args"] = config.arguments;
  object["envs"] = config.environment;
  if (config.folder) object["cwd"] = *config.folder;
  return object;
}

}  // namespace

RpcResult<StartRequest> parse_start(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  const json* process = field(message, "process");
  if (process == nullptr || !process->is_object()) {
    return rpc_error(RpcCode::invalid_argument, "the field 'process' is missing: which program?");
  }
  StartRequest request;
  GENESIS_RPC_ASSIGN(request.config, parse_config(*process));
  GENESIS_RPC_ASSIGN(request.pty, parse_pty(message));
  GENESIS_RPC_ASSIGN(request.tag, text_field(message, "tag"));
  GENESIS_RPC_ASSIGN(const auto stdin_open, bool_field(message, "stdin"));
  request.stdin_open = stdin_open.value_or(true);
  return request;
}

RpcResult<ProcessSelector> parse_selector(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  return selector_of(message);
}

RpcResult<UpdateRequest> parse_update(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  UpdateRequest request;
  GENESIS_RPC_ASSIGN(request.process, selector_of(message));
  GENESIS_RPC_ASSIGN(request.pty, parse_pty(message));
  return request;
}

RpcResult<InputRequest> parse_input(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  InputRequest request;
  GENESIS_RPC_ASSIGN(request.process, selector_of(message));
  GENESIS_RPC_ASSIGN(request.input, input_of(message));
  return request;
}

RpcResult<SignalRequest> parse_signal(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  SignalRequest request;
  GENESIS_RPC_ASSIGN(request.process, selector_of(message));
  request.signal = signal_of(message);
  return request;
}

RpcResult<StreamInputMessage> parse_stream_input(std::string_view body) {
  GENESIS_RPC_ASSIGN(const json message, parse_message(body));
  StreamInputMessage parsed;
  if (const json* start = field(message, "start")) {
    if (!start->is_object()) return wrong_type("start", "an object");
    GENESIS_RPC_ASSIGN(parsed.start, selector_of(*start));
  }
  if (const json* data = field(message, "data")) {
    if (!data->is_object()) return wrong_type("data", "an object");
    GENESIS_RPC_ASSIGN(parsed.data, input_of(*data));
  }
  return parsed;
}

ProcessEnd end_of_wait_status(int wait_status) {
  ProcessEnd end;
  if (WIFEXITED(wait_status)) {
    end.exit_code = WEXITSTATUS(wait_status);
    end.status = "exit status " + std::to_string(end.exit_code);
    return end;
  }
  end.exited = false;
  end.exit_code = -1;
  std::string name = ::strsignal(WTERMSIG(wait_status));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  end.status = "signal: " + name;
  if (WCOREDUMP(wait_status)) end.status += " (core dumped)";
  return end;
}

std::string start_event(std::uint32_t pid) {
  return "{\"event\":{\"start\":{\"pid\":" + std::to_string(pid) + "}}}";
}

std::string data_event(Output output, std::string_view bytes) {
  const char* name = output == Output::standard_output  ? "stdout"
                     : output == Output::standard_error ? "stderr"
                                                        : "pty";
  std::string event = "{\"event\":{\"data\":{\"";
  event.append(name).append("\":\"").append(to_base64(bytes)).append("\"}}}");
  return event;
}

std::string end_event(const ProcessEnd& end) {
  json object;
  object["exitCode"] = end.exit_code;
  object["exited"] = end.exited;
  object["status"] = end.status;
  if (end.exit_code != 0) object["error"] = end.status;
  json event;
  event["event"]["end"] = std::move(object);
  return sandbox_wire::to_json_text(event);
}

std::string keepalive_event() {
  return "{\"event\":{\"keepalive\":{}}}";
}

std::string list_reply(const std::vector<ListedProcess>& processes) {
  json list = json::array();
  for (const ListedProcess& process : processes) {
    json object;
    object["config"] = config_json(process.config);
    object["pid"] = process.pid;
    if (process.tag) object["tag"] = *process.tag;
    list.push_back(std::move(object));
  }
  json reply;
  reply["processes"] = std::move(list);
  return sandbox_wire::to_json_text(reply);
}

}  // namespace genesis::envd
