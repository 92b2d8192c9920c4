#pragma once

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

namespace genesis::cli {

/// Copies files that grow to standard output and error while something else writes them, as
/// `tail -F` does; control characters are made harmless on a terminal. The destructor copies what
/// is left and ends the thread.
class LogFollower {
 public:
  struct Source {
    std::filesystem::path file;  ///< May not exist yet.
    int fd = 1;                  ///< Where it goes.
  };
  explicit LogFollower(std::vector<Source> sources);
  ~LogFollower();
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

 private:
  void run();
  void copy_new();

  std::vector<Source> sources_;
  std::vector<std::streamoff> copied_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace genesis::cli
