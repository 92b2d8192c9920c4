#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "launch/e2b/provider.h"

/// The messages of process.Process as JSON, as a client writes and reads them. Pure; any thread.
/// Readers ignore what they do not know, take numbers as strings, and answer `parse` for what is
/// not JSON or of a wrong type.
namespace genesis::launch::e2b {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

std::string start_message(const RemoteCommand& command,
                          const std::optional<TerminalSize>& terminal);
std::string selector_message(std::int64_t pid);
std::string signal_message(std::int64_t pid, bool kill);
std::string input_message(std::int64_t pid, std::string_view bytes, bool to_terminal);
std::string resize_message(std::int64_t pid, const TerminalSize& size);

/// One event of a process's stream.
struct ProcessEvent {
  enum class Kind { start, output, error_output, terminal, end, other };
  Kind kind = Kind::other;  ///< `other`: keep-alive, or what a later protocol brings.
  std::int64_t pid = 0;
  std::string bytes;
  CommandEnd end;
};
Result<ProcessEvent> parse_process_event(std::string_view payload);

/// A command that runs in a sandbox.
struct RemoteProcess {
  std::int64_t pid = 0;
  std::string tag;
  std::string command;
  std::vector<std::string> arguments;
  std::string cwd;

  RemoteProcess() = default;
};
Result<std::vector<RemoteProcess>> parse_process_list(std::string_view body);

}  // namespace genesis::launch::e2b
