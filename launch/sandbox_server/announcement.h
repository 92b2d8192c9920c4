#pragma once

#include <filesystem>
#include <string>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::sandbox_server {

/// The one line that says that the server is ready: on standard output, or, of a server in the
/// background, by the process that started it. Before any thread is started.
class Announcement {
 public:
  /// Becomes two processes: true in the one that was called, false in the one that is to serve,
  /// which has a session of its own and writes its messages to sandboxd.log in the state folder.
  Result<bool> detach(const std::filesystem::path& state_dir);
  /// Prints what the other process announces, or why it does not.
  Status wait_for_child();

  /// Prints the line, or hands it to the process that waits for it. A file descriptor that broke is
  /// nobody's loss.
  void ready(const std::string& line);

 private:
  Fd pipe_;
  std::filesystem::path log_;
};

}  // namespace genesis::sandbox_server
