#pragma once

#include <sys/types.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::evolve {

/// An interpreter that reads texts one after the other and says whether it understands them.
///
/// Wire format on its standard input, a socket: request `u32 length, bytes`; answer `u32 line,
/// u32 length, message`, where an empty message means "understood"; all little-endian. Thread-safe.
class PersistentReader {
 public:
  struct Verdict {
    std::size_t line = 0;
    std::string message;
  };

  /// `command` is started by posix_spawnp at the first text.
  PersistentReader(std::vector<std::string> command, std::chrono::milliseconds deadline);
  ~PersistentReader();
  PersistentReader(const PersistentReader&) = delete;
  PersistentReader& operator=(const PersistentReader&) = delete;

  /// Empty when the text can be read. A reader that dies or takes too long is ended, the text
  /// counts as wrong, and the next one gets a new process. Error `unavailable` when none can be
  /// started.
  Result<std::optional<Verdict>> read(std::string_view text);

  /// Process id of the reader that runs now; -1 when there is none.
  pid_t pid();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  Status start();
  void end();
  bool send_all(std::string_view bytes, TimePoint deadline);
  bool receive_all(char* bytes, std::size_t size, TimePoint deadline);
  bool await(short events, TimePoint deadline);
  std::optional<std::optional<Verdict>> ask(std::string_view text, TimePoint deadline);

  std::vector<std::string> command_;
  std::chrono::milliseconds deadline_;
  std::mutex mutex_;
  Fd socket_;
  pid_t pid_ = -1;
};

}  // namespace genesis::evolve
