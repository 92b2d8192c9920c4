#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::events {

/// `events.jsonl` of one run, for its one writer. A line is one write to the end of the file: a
/// reader sees it whole, and a kill between two lines loses nothing. When the disk is full, lines
/// wait in memory (the latest kMostWaiting) and what was half written is taken back.
///
/// The I/O thread; small writes to a local file.
class EventLog {
 public:
  static constexpr std::size_t kMostWaiting = 1000;

  /// Opens or makes the file. A last line without its end (a loss of power, a full disk) is
  /// completed when it is whole, and taken away when it is not: every line is an event. `visit`
  /// gets the lines that are there.
  static Result<EventLog> open(std::filesystem::path file,
                               const std::function<void(std::string_view line)>& visit);

  /// Appends a line, or keeps it for later.
  void append(std::string line);
  /// Tries what waits. Cheap when nothing does.
  void retry();
  std::size_t waiting() const { return waiting_.size(); }
  const std::filesystem::path& file() const { return file_; }

 private:
  EventLog(std::filesystem::path file, Fd fd) : file_(std::move(file)), fd_(std::move(fd)) {}
  bool write_line(const std::string& line);

  std::filesystem::path file_;
  Fd fd_;
  std::deque<std::string> waiting_;
  bool said_ = false;
};

/// Calls `visit` for each whole line of the file from byte `offset` on, and returns where the next
/// one begins. Lines of more than 1 MB are passed over. Errors: `not_found`, `io`.
Result<std::int64_t> read_lines(const std::filesystem::path& file, std::int64_t offset,
                                const std::function<void(std::string_view line)>& visit);

}  // namespace genesis::events
