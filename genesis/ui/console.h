#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace genesis {

/// Text to a terminal, file or pipe that can neither block nor end the program.
///
/// What the other side does not take at once waits in a bounded buffer (a stopped terminal, a slow
/// pipe); beyond the bound, text is dropped and counted. A closed pipe ends the output for good,
/// quietly (SIGPIPE must be ignored by the process). Borrows the descriptor. One thread.
class Console {
 public:
  explicit Console(int fd);

  bool is_terminal() const { return terminal_; }
  /// On a terminal, unless NO_COLOR is set or TERM is "dumb".
  bool colour() const { return colour_; }
  /// Columns now (a window may be resized), 80 where nobody knows.
  int width() const;
  bool broken() const { return broken_; }
  std::size_t dropped_bytes() const { return dropped_; }

  void write(std::string_view text);
  /// Gives what waits until `deadline` from now to be taken.
  void flush(std::chrono::milliseconds deadline);

 private:
  void push(int wait_millis);

  int fd_;
  bool terminal_ = false;
  bool colour_ = false;
  bool broken_ = false;
  std::size_t dropped_ = 0;
  std::string waiting_;
};

/// Control characters of others' text become '?' so that it cannot drive the terminal; tabs and
/// (where `keep_newlines`) line ends stay, and the text is made valid UTF-8.
std::string printable(std::string_view text, bool keep_newlines = false);

}  // namespace genesis
