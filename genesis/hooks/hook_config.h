#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Commands and webhooks that hear of a run's events. docs/events.md, "Hooks".
namespace genesis::hooks {

/// A header of a webhook: its value, or the environment variable that holds it.
struct Header {
  std::string name;
  std::string value;
  std::string variable;  ///< Not empty: the value is read from it when the run starts.
};

/// One entry of the YAML section `hooks`. Either `command` or a URL.
struct HookConfig {
  std::string name;
  std::set<std::string, std::less<>> events;  ///< Names; all of them for `all`.
  std::vector<std::string> command;           ///< Program and arguments; no shell.
  std::string url;
  std::string url_variable;  ///< The environment variable that holds the URL.
  std::string method = "POST";
  std::vector<Header> headers;
  std::string body;  ///< A template; empty: the event's line as it is.
  std::chrono::milliseconds timeout{10'000};
  /// Between two improvements that this hook is told of: the latest waits, the others are left out.
  std::chrono::milliseconds min_interval{0};
  int retries = 0;

  bool is_webhook() const { return command.empty(); }
};

}  // namespace genesis::hooks
