#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "genesis/base/fd.h"

namespace genesis::bench {

/// An official SDK as `./setup.sh sdks` installs it.
struct InstalledSdk {
  std::string name;                  ///< "Python e2b 2.63.0".
  std::vector<std::string> command;  ///< What runs the script with it.
  std::string python_path;           ///< Empty: not of Python.
};

/// The newest of each language that is there, in `source` (its .venv), for a script of its
/// tests/bench.
std::vector<InstalledSdk> newest_sdks(const std::filesystem::path& source,
                                      const std::string& script = "sdk_rates");

/// A program that uses an SDK, ended by the destructor. Throws std::runtime_error where it does not
/// answer.
class SdkClient {
 public:
  SdkClient(const InstalledSdk& sdk, const std::string& url, const std::string& key);
  ~SdkClient();
  SdkClient(const SdkClient&) = delete;
  SdkClient& operator=(const SdkClient&) = delete;

  /// How many per second, of "commands" or "pairs", one after the other.
  double rate(const std::string& what, int count) const;

 private:
  std::string read_line() const;

  std::string name_;
  pid_t pid_ = -1;
  Fd questions_;
  Fd answers_;
};

}  // namespace genesis::bench
