#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launch/sandbox_server/envd/rpc_error.h"

/// The messages of process.Process as JSON. Pure; any thread. Parsers ignore unknown fields, as
/// protobuf's JSON wants it, and answer `invalid_argument` for fields of a wrong type.
namespace genesis::envd {

struct PtySize {
  std::uint16_t columns = 80;
  std::uint16_t rows = 24;
};

struct CommandConfig {
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::optional<std::string> folder;
};

struct StartRequest {
  CommandConfig config;
  std::optional<PtySize> pty;
  std::optional<std::string> tag;
  bool stdin_open = true;  ///< Absent means true.
};

/// Which process is meant: one of both is set.
struct ProcessSelector {
  std::optional<std::uint32_t> pid;
  std::optional<std::string> tag;
};

/// Bytes for a process: for its standard input, or for its terminal.
struct ProcessInput {
  bool for_pty = false;
  std::string bytes;
};

struct UpdateRequest {
  ProcessSelector process;
  std::optional<PtySize> pty;
};

struct InputRequest {
  ProcessSelector process;
  ProcessInput input;
};

struct SignalRequest {
  ProcessSelector process;
  int signal = 0;  ///< 0: unspecified, or none that we know.
};

/// A message of StreamInput: `start` first, then data.
struct StreamInputMessage {
  std::optional<ProcessSelector> start;
  std::optional<ProcessInput> data;
};

RpcResult<StartRequest> parse_start(std::string_view body);
RpcResult<ProcessSelector> parse_selector(std::string_view body);  ///< Of {process: …}.
RpcResult<UpdateRequest> parse_update(std::string_view body);
RpcResult<InputRequest> parse_input(std::string_view body);
RpcResult<SignalRequest> parse_signal(std::string_view body);
RpcResult<StreamInputMessage> parse_stream_input(std::string_view body);

enum class Output { standard_output, standard_error, terminal };

/// How a process ended, in the words of the wire.
struct ProcessEnd {
  bool exited = true;  ///< False: by a signal.
  int exit_code = 0;   ///< -1 after a signal.
  std::string status;  ///< "exit status 3", "signal: killed".
};
ProcessEnd end_of_wait_status(int wait_status);

std::string start_event(std::uint32_t pid);
std::string data_event(Output output, std::string_view bytes);
std::string end_event(const ProcessEnd& end);
std::string keepalive_event();

struct ListedProcess {
  CommandConfig config;
  std::uint32_t pid = 0;
  std::optional<std::string> tag;
};
std::string list_reply(const std::vector<ListedProcess>& processes);

}  // namespace genesis::envd
