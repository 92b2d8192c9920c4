#include "launch/e2b/process_messages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/base64.h"
#include "launch/e2b/json_reading.h"

namespace genesis::launch::e2b {
namespace {

using nlohmann::json;

json selector(std::int64_t pid) {
  json object;
  object["pid"] = pid;
  return object;
}

json size_of(const TerminalSize& size) {
  json pty;
  pty["size"]["cols"] = size.columns;
  pty["size"]["rows"] = size.rows;
  return pty;
}

Result<ProcessEvent> data_event(const json& data) {
  constexpr std::pair<const char*, ProcessEvent::Kind> kOutputs[] = {
      {"stdout", ProcessEvent::Kind::output},
      {"stderr", ProcessEvent::Kind::error_output},
      {"pty", ProcessEvent::Kind::terminal}};
  ProcessEvent event;
  for (const auto& [name, kind] : kOutputs) {
    const auto found = data.find(name);
    if (found == data.end()) continue;
    auto bytes = found->is_string() ? from_base64(found->get_ref<const std::string&>())
                                    : std::optional<std::string>();
    if (!bytes) return make_error(ErrorKind::parse, "a command's output is not base64");
    event.kind = kind;
    event.bytes = std::move(*bytes);
    return event;
  }
  return event;
}

}  // namespace

std::string start_message(const RemoteCommand& command,
                          const std::optional<TerminalSize>& terminal) {
  json process;
  process["cmd"] = command.argv.empty() ? std::string() : command.argv.front();
  process["args"] = json::array();
  for (std::size_t i = 1; i < command.argv.size(); ++i) process["args"].push_back(command.argv[i]);
  if (!command.environment.empty()) process["envs"] = command.environment;
  if (!command.cwd.empty()) process["cwd"] = command.cwd;
  json message;
  message["process"] = std::move(process);
  if (terminal) {
    message["pty"] = size_of(*terminal);
  } else {
    message["stdin"] = command.wants_stdin;
  }
  return json_text(message);
}

std::string selector_message(std::int64_t pid) {
  json message;
  message["process"] = selector(pid);
  return message.dump();
}

std::string signal_message(std::int64_t pid, bool kill) {
  json message;
  message["process"] = selector(pid);
  message["signal"] = kill ? "SIGNAL_SIGKILL" : "SIGNAL_SIGTERM";
  return message.dump();
}

std::string input_message(std::int64_t pid, std::string_view bytes, bool to_terminal) {
  json message;
  message["process"] = selector(pid);
  message["input"][to_terminal ? "pty" : "stdin"] = to_base64(bytes);
  return message.dump();
}

std::string resize_message(std::int64_t pid, const TerminalSize& size) {
  json message;
  message["process"] = selector(pid);
  message["pty"] = size_of(size);
  return message.dump();
}

Result<ProcessEvent> parse_process_event(std::string_view payload) {
  GENESIS_TRY_ASSIGN(const json message, parse_object(payload));
  ProcessEvent event;
  const json* const given = object_member(message, "event");
  if (given == nullptr) return event;
  if (const json* const data = object_member(*given, "data")) return data_event(*data);
  if (const json* const start = object_member(*given, "start")) {
    event.kind = ProcessEvent::Kind::start;
    event.pid = integer_member(*start, "pid");
    if (event.pid <= 0) return make_error(ErrorKind::parse, "a command started without a pid");
  } else if (const json* const end = object_member(*given, "end")) {
    event.kind = ProcessEvent::Kind::end;
    // What protobuf's JSON leaves out is zero, and false.
    event.end.exit_code = static_cast<int>(integer_member(*end, "exitCode"));
    event.end.exited = flag_member(*end, "exited", false);
    event.end.status = text_member(*end, "status");
  }
  return event;
}

Result<std::vector<RemoteProcess>> parse_process_list(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json message, parse_object(body));
  std::vector<RemoteProcess> processes;
  const auto found = message.find("processes");
  if (found == message.end() || !found->is_array()) return processes;
  for (const json& item : *found) {
    RemoteProcess process;
    process.pid = integer_member(item, "pid");
    process.tag = text_member(item, "tag");
    if (const json* const config = object_member(item, "config")) {
      process.command = text_member(*config, "cmd");
      process.cwd = text_member(*config, "cwd");
      const auto arguments = config->find("args");
      if (arguments != config->end() && arguments->is_array()) {
        for (const json& argument : *arguments) {
          if (argument.is_string()) process.arguments.push_back(argument.get<std::string>());
        }
      }
    }
    processes.push_back(std::move(process));
  }
  return processes;
}

}  // namespace genesis::launch::e2b
