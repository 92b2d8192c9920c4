#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "launch/e2b/control_calls.h"
#include "launch/e2b/control_messages.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// Sandboxes made, listed, ended, and what is known of them. On the loop's thread.
class ControlClient {
 public:
  explicit ControlClient(const ControlCalls& calls) : calls_(calls) {}

  Awaitable<Outcome<SandboxHandle>> create(NewSandbox what);
  Awaitable<Outcome<SandboxHandle>> connect(std::string id, std::chrono::seconds lifetime);
  Awaitable<Outcome<SandboxInfo>> info(std::string id);
  /// All pages, from `filter.next_token` on.
  Awaitable<Outcome<std::vector<SandboxInfo>>> list(ListFilter filter);
  /// False: there was none.
  Awaitable<Outcome<bool>> kill(std::string id);
  Awaitable<Outcome<void>> set_lifetime(std::string id, std::chrono::seconds lifetime);
  /// Copies of a running sandbox, which goes on; 1 to 100. One may be made and another not: why.
  Awaitable<Outcome<std::vector<tl::expected<SandboxHandle, std::string>>>> fork(
      std::string id, std::optional<std::chrono::seconds> lifetime, int count);
  /// Replaces all rules: what is absent is cleared.
  Awaitable<Outcome<void>> set_network(std::string id, NetworkRules rules,
                                       std::optional<bool> internet);
  /// False: it was paused already.
  Awaitable<Outcome<bool>> pause(std::string id);

  Awaitable<Outcome<std::vector<TemplateInfo>>> templates();
  Awaitable<Outcome<SnapshotInfo>> create_snapshot(std::string sandbox, std::string name);
  /// All pages; `sandbox` empty: of all.
  Awaitable<Outcome<std::vector<SnapshotInfo>>> snapshots(std::string sandbox);
  Awaitable<Outcome<bool>> delete_snapshot(std::string id);
  Awaitable<Outcome<std::vector<SandboxMetrics>>> metrics(std::string id);
  Awaitable<Outcome<std::vector<LogLine>>> logs(std::string id, int limit);

 private:
  const ControlCalls& calls_;
};

}  // namespace genesis::launch::e2b
