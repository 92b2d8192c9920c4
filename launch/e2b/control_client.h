#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "genesis/net/http_client.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/control_messages.h"
#include "launch/e2b/provider.h"
#include "launch/e2b/provider_limits.h"

namespace genesis::launch::e2b {

/// The control plane: sandboxes made, listed, ended. On the loop's thread. A 429 that names a time
/// is waited for within the call's deadline; nothing else is tried again.
class ControlClient {
 public:
  ControlClient(boost::asio::io_context& io, net::HttpClient& http, const Addressing& addressing,
                const ProviderLimits& limits);

  Awaitable<Outcome<SandboxHandle>> create(NewSandbox what);
  Awaitable<Outcome<SandboxHandle>> connect(std::string id, std::chrono::seconds lifetime);
  Awaitable<Outcome<SandboxInfo>> info(std::string id);
  /// All pages, from `filter.next_token` on.
  Awaitable<Outcome<std::vector<SandboxInfo>>> list(ListFilter filter);
  /// False: there was none.
  Awaitable<Outcome<bool>> kill(std::string id);
  Awaitable<Outcome<void>> set_lifetime(std::string id, std::chrono::seconds lifetime);
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
  struct Answer {
    net::HttpAnswerHead head;
    std::string body;

    Answer() = default;
  };
  struct Request {
    std::string method;
    std::string path;
    std::string body;
    std::string idempotency_key;
    int tries = 1;

    Request(std::string verb, std::string target, std::string text = {})
        : method(std::move(verb)), path(std::move(target)), body(std::move(text)) {}
  };

  /// A 2xx answer, or what it means that there was none. `what` is for messages.
  Awaitable<Outcome<Answer>> ask(Request request, std::string what);
  Awaitable<Outcome<Answer>> ask_once(const Request& request, const std::string& what,
                                      std::chrono::steady_clock::time_point deadline);

  boost::asio::io_context& io_;
  net::HttpClient& http_;
  const Addressing& addressing_;
  const ProviderLimits& limits_;
};

}  // namespace genesis::launch::e2b
