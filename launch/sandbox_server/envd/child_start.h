#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "genesis/base/fd.h"
#include "launch/sandbox_server/envd/process_messages.h"

namespace genesis::envd {

/// The user that a command runs as. `uid` absent: as this process, which cannot be somebody else.
struct Identity {
  std::optional<uid_t> uid;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

struct ChildSpec {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< "NAME=value".
  std::string search_path;               ///< PATH of the command's own environment.
  std::string folder;
  Identity identity;
  std::optional<PtySize> pty;
  bool stdin_open = true;  ///< False: /dev/null.
};

/// A started command: leader of a session of its own. Descriptors are non-blocking. With a
/// terminal, `output` is its other end and also takes the input.
struct StartedChild {
  pid_t pid = -1;
  Fd input;
  Fd output;
  Fd error;
};

/// Starts it, and waits until it runs (or why not). Errors: `invalid_argument` (no such folder, no
/// such program), `permission_denied`, `resource_exhausted`. One thread; the child allocates
/// nothing between fork and execve.
RpcResult<StartedChild> start_child(const ChildSpec& spec);

/// The agent may need more descriptors than programs should be given: raises this process's limit
/// to what is allowed; commands that are started later get the one that there was. Once, at the
/// start.
void raise_own_descriptor_limit();

/// Tells the terminal its size, and those who use it that it has changed. 0 is left as it is.
void resize_terminal(int fd, const PtySize& size);

}  // namespace genesis::envd
