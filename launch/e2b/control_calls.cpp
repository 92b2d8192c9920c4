#include "launch/e2b/control_calls.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace genesis::launch::e2b {

using std::chrono::steady_clock;

namespace {

bool means_no_template(const net::HttpAnswerHead& head, std::string_view body) {
  if (head.status == 404) return true;
  // OpenKruise answers 400.
  return head.status == 400 && body.find("emplate") != std::string_view::npos &&
         body.find("not found") != std::string_view::npos;
}

}  // namespace

Awaitable<Outcome<ControlAnswer>> ControlCalls::ask_once(ControlRequest request, std::string what,
                                                         steady_clock::time_point deadline) const {
  net::HttpCall call(request.method, addressing_.control_url(request.path));
  if (!addressing_.api_key().empty()) {
    call.headers.emplace_back("X-API-Key", addressing_.api_key());
  }
  if (!request.idempotency_key.empty()) {
    call.headers.emplace_back("Idempotency-Key", request.idempotency_key);
  }
  if (!request.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  call.body = std::move(request.body);
  auto sent = co_await http_.send(std::move(call), deadline);
  if (!sent) co_return tl::unexpected<Failure>(transport_failure(what, sent.error()));
  auto body = co_await sent->whole(limits_.answer_bytes);
  if (!body) co_return tl::unexpected<Failure>(transport_failure(what, body.error()));
  if (body->truncated) {
    co_return fail(FailureKind::too_large, what + ": the answer is larger than expected");
  }
  ControlAnswer answer;
  answer.head = sent->head();
  answer.body = std::move(body->text);
  co_return answer;
}

Awaitable<Outcome<ControlAnswer>> ControlCalls::ask(ControlRequest request,
                                                    std::string what) const {
  const auto deadline = steady_clock::now() + limits_.request;
  for (int tries = 1;; ++tries) {
    auto answer = co_await ask_once(request, what, deadline);
    if (!answer) co_return answer;
    if (answer->head.status / 100 == 2) co_return answer;
    Failure failure = control_failure(what, answer->head, answer->body);
    if (failure.kind == FailureKind::refused && request.method == "POST" &&
        means_no_template(answer->head, answer->body)) {
      failure.kind = FailureKind::not_found;
    }
    const bool wait = answer->head.status == 429 && failure.retry_after && tries < request.tries &&
                      steady_clock::now() + *failure.retry_after < deadline;
    if (!wait) co_return tl::unexpected<Failure>(failure);
    const bool waited = co_await pause(*failure.retry_after);
    if (!waited) co_return fail(FailureKind::cancelled, what + ": cancelled");
  }
}

Awaitable<Outcome<ControlAnswer>> ControlCalls::ask_patiently(ControlRequest request,
                                                              std::string what) const {
  request.tries = limits_.rate_limit_tries;
  return ask(std::move(request), std::move(what));
}

Awaitable<bool> ControlCalls::pause(std::chrono::milliseconds time) const {
  boost::asio::steady_timer timer(io_, time);
  boost::system::error_code failure;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, failure));
  co_return !failure;
}

}  // namespace genesis::launch::e2b
