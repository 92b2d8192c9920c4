#include "tests/bench/sdk_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "genesis/base/text.h"

namespace genesis::bench {

namespace {

namespace fs = std::filesystem;

/// "2.63.0" as numbers; none where it is something else ("js-2.51.0").
std::vector<int> version_of(std::string_view text) {
  std::vector<int> numbers;
  for (const std::string_view part : split(text, '.')) {
    if (part.empty() || part.find_first_not_of("0123456789") != part.npos) return {};
    numbers.push_back(std::atoi(std::string(part).c_str()));
  }
  return numbers;
}

/// The greatest version of the folders that are called `prefix` and a version.
std::optional<std::string> newest(const fs::path& folder, const std::string& prefix) {
  std::optional<std::string> best;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    const std::string version = name.substr(prefix.size());
    if (version_of(version).empty()) continue;
    if (!best || version_of(version) > version_of(*best)) best = version;
  }
  return best;
}

}  // namespace

std::vector<InstalledSdk> newest_sdks(const fs::path& source, const std::string& script) {
  std::vector<InstalledSdk> found;
  const fs::path installed = source / ".venv";
  const fs::path scripts = source / "tests/bench";
  if (const auto version = newest(installed, "e2b-")) {
    found.push_back({"Python e2b " + *version,
                     {(installed / "bin/python3").string(), (scripts / (script + ".py")).string()},
                     (installed / ("e2b-" + *version)).string()});
  }
  if (const auto version = newest(installed, "e2b-js-")) {
    found.push_back({"JavaScript e2b " + *version,
                     {"node", (scripts / (script + ".js")).string(),
                      (installed / ("e2b-js-" + *version)).string()},
                     {}});
  }
  return found;
}

SdkClient::SdkClient(const InstalledSdk& sdk, const std::string& url, const std::string& key)
    : name_(sdk.name) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) throw std::runtime_error("make a pipe");
  const Fd their_input(in[0]);
  questions_ = Fd(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("make a pipe");
  answers_ = Fd(out[0]);
  const Fd their_output(out[1]);
  std::vector<std::string> words = sdk.command;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> settings = {"E2B_API_URL=" + url, "E2B_SANDBOX_URL=" + url,
                                       "E2B_API_KEY=" + key, "PYTHONPATH=" + sdk.python_path};
  for (const char* name : {"PATH", "HOME"}) {
    if (const char* value = std::getenv(name))
      settings.push_back(fmt::format("{}={}", name, value));
  }
  std::vector<char*> environment;
  for (std::string& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, their_input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, their_output.get(), STDOUT_FILENO);
  const int failed =
      ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("start " + words[0] + " for " + name_);
  if (read_line() != "ready") throw std::runtime_error(name_ + " says something else than ready");
}

SdkClient::~SdkClient() {
  questions_.reset();  // The end of its input is its end.
  answers_.reset();
  ::waitpid(pid_, nullptr, 0);
}

double SdkClient::rate(const std::string& what, int count) const {
  const std::string line = fmt::format("{} {}\n", what, count);
  if (::write(questions_.get(), line.data(), line.size()) < 0) {
    throw std::runtime_error(name_ + " has ended");
  }
  return count / std::stod(read_line());
}

std::string SdkClient::read_line() const {
  std::string line;
  char letter = 0;
  while (::read(answers_.get(), &letter, 1) == 1) {
    if (letter == '\n') return line;
    line += letter;
  }
  throw std::runtime_error(name_ + " ended without an answer");
}

}  // namespace genesis::bench
