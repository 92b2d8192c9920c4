#pragma once

#include <sys/types.h>

#include <string>

namespace genesis::bench {

/// `/bin/bash -l -c COMMAND` started with nothing around it, the way a sandbox's `user` would have
/// it: a home folder of its own with the files of /etc/skel, the same environment and session. By
/// root it runs as an unused number from 1000 on, by anyone else as that person.
class BareShell {
 public:
  /// Makes the home folder. Throws std::runtime_error.
  explicit BareShell(const std::string& home);

  /// Seconds from its start to its end, its output thrown away. Throws where it fails.
  double run_to_end(const std::string& command) const;
  /// Seconds from its start until `expected` has come out of it. Throws where something else does.
  double first_output(const std::string& command, const std::string& expected) const;

 private:
  pid_t start(const std::string& command, int output) const;

  std::string home_;
  uid_t user_;
};

}  // namespace genesis::bench
