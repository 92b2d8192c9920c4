#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

/// The demo's parts, each by itself; 0 when all went well. What cannot go on is thrown.
namespace e2b_demo {

struct Settings {
  std::filesystem::path task;     ///< Where initial.py and evaluate.py are.
  std::filesystem::path results;  ///< Where results end up.
  int generations = 12;
  int at_a_time = 3;
};

int direct(const Settings& settings);
int scheduler(const Settings& settings);
int configuration(const Settings& settings);
int evolution(const Settings& settings);

/// Lines that say when.
class Progress {
 public:
  void say(std::string_view text) const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    std::printf("  %5.1f s  %.*s\n", passed.count(), static_cast<int>(text.size()), text.data());
    std::fflush(stdout);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace e2b_demo
