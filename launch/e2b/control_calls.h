#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "genesis/net/http_client.h"
#include "launch/e2b/addressing.h"
#include "launch/e2b/provider.h"
#include "launch/e2b/provider_limits.h"
#include "launch/e2b/wire_failure.h"

namespace genesis::launch::e2b {

/// A request to the control plane; a body is JSON.
struct ControlRequest {
  std::string method;
  std::string path;
  std::string body;
  std::string idempotency_key;
  int tries = 1;  ///< Where 429 names a time to wait.

  ControlRequest(std::string verb, std::string target, std::string text = {})
      : method(std::move(verb)), path(std::move(target)), body(std::move(text)) {}
};

struct ControlAnswer {
  net::HttpAnswerHead head;
  std::string body;

  ControlAnswer() = default;
};

/// Requests to the control plane: the key, the limits, what a failure means. On the loop's thread.
/// `what` says operation and object, for messages.
class ControlCalls {
 public:
  ControlCalls(boost::asio::io_context& io, net::HttpClient& http, const Addressing& addressing,
               const ProviderLimits& limits)
      : io_(io), http_(http), addressing_(addressing), limits_(limits) {}

  /// A 2xx answer, or what it means that there was none. A 429 that names a time is waited for
  /// within the call's deadline; nothing else is tried again.
  Awaitable<Outcome<ControlAnswer>> ask(ControlRequest request, std::string what) const;
  /// The same with the tries of calls that do not create.
  Awaitable<Outcome<ControlAnswer>> ask_patiently(ControlRequest request, std::string what) const;
  /// The answer, whatever its status.
  Awaitable<Outcome<ControlAnswer>> ask_once(ControlRequest request, std::string what,
                                             std::chrono::steady_clock::time_point deadline) const;
  /// Waits; false: cancelled.
  Awaitable<bool> pause(std::chrono::milliseconds time) const;

  net::HttpClient& http() const { return http_; }
  const Addressing& addressing() const { return addressing_; }
  const ProviderLimits& limits() const { return limits_; }

 private:
  boost::asio::io_context& io_;
  net::HttpClient& http_;
  const Addressing& addressing_;
  const ProviderLimits& limits_;
};

/// A value, or the failure that what came is not what it should be.
template <typename T>
Outcome<T> taken(Result<T> parsed, const std::string& what) {
  if (parsed) return std::move(*parsed);
  return fail(FailureKind::broken, what + ": " + parsed.error().message);
}

}  // namespace genesis::launch::e2b
