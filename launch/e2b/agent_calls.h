#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/net/http_client.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/connect_stream.h"
#include "launch/e2b/provider.h"
#include "launch/e2b/provider_limits.h"

namespace genesis::launch::e2b {

class AgentCalls;

/// The answer of a call that streams: messages until the end. On the loop's thread; its AgentCalls
/// must outlive it. Destroying it closes the connection.
class MessageStream {
 public:
  MessageStream(const AgentCalls& calls, SandboxHandle sandbox, std::string what,
                net::HttpAnswer answer);

  /// The next message's JSON; none: the stream ended well. A cut stream is `broken`, or
  /// `sandbox_gone` where the provider says so.
  Awaitable<Outcome<std::optional<std::string>>> next();
  /// After the last message that matters: reads what is left, for a moment only, so that the
  /// connection can be used again. What fails here is of no more interest.
  Awaitable<void> finish();
  const std::string& what() const { return what_; }

 private:
  const AgentCalls& calls_;
  SandboxHandle sandbox_;
  std::string what_;
  net::HttpAnswer answer_;
  EnvelopeReader reader_;
};

/// Requests to the agents of sandboxes: headers, Connect's two kinds of calls, what a failure
/// means. On the loop's thread. `what` says operation and object, for messages.
class AgentCalls {
 public:
  AgentCalls(boost::asio::io_context& io, net::HttpClient& http, const Addressing& addressing,
             const ProviderLimits& limits);

  /// A request with the headers that every one to this sandbox's agent has.
  net::HttpCall call(std::string method, const SandboxHandle& sandbox,
                     std::string_view target) const;
  /// Its answer, whatever the status.
  Awaitable<Outcome<net::HttpAnswer>> send(net::HttpCall call, SandboxHandle sandbox,
                                           std::string what) const;
  /// The whole body of a 2xx answer.
  Awaitable<Outcome<std::string>> rest(net::HttpCall call, SandboxHandle sandbox,
                                       std::string what) const;
  /// `method`: "process.Process/List".
  Awaitable<Outcome<std::string>> unary(SandboxHandle sandbox, std::string method,
                                        std::string message, std::string user,
                                        std::string what) const;
  /// `time_limit`: the agent ends the call then, and the command that it started.
  Awaitable<Outcome<std::unique_ptr<MessageStream>>> stream(
      SandboxHandle sandbox, std::string method, std::string message, std::string user,
      std::optional<std::chrono::milliseconds> time_limit, std::string what) const;
  /// Whether the agent answers; false: the sandbox is gone.
  Awaitable<Outcome<bool>> is_running(SandboxHandle sandbox) const;
  /// A failure of the connection, or the sandbox's end where that is what it was.
  Awaitable<Failure> explained(SandboxHandle sandbox, Failure failure) const;

  const ProviderLimits& limits() const { return limits_; }
  const Addressing& addressing() const { return addressing_; }

 private:
  using FailureOf = Failure (*)(const std::string& what, const net::HttpAnswerHead& head,
                                std::string_view body);
  /// The whole body of a 2xx answer; `refused` says what any other one means.
  Awaitable<Outcome<std::string>> text_of(net::HttpCall call, SandboxHandle sandbox,
                                          std::string what, FailureOf refused) const;
  net::HttpCall rpc(const SandboxHandle& sandbox, const std::string& method,
                    const std::string& user) const;
  std::chrono::steady_clock::time_point deadline() const;

  boost::asio::io_context& io_;
  net::HttpClient& http_;
  const Addressing& addressing_;
  const ProviderLimits& limits_;
};

/// Whether an agent is of this version or a later one; one that tells none is taken for new.
bool agent_is_at_least(const SandboxHandle& sandbox, int major, int minor, int patch);
/// The user that a call names: the wanted one; old agents have no default and get "user".
std::string acting_user(const SandboxHandle& sandbox, const std::string& wanted);

}  // namespace genesis::launch::e2b
