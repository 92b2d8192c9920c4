#include "genesis/hooks/webhook_delivery.h"

#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "genesis/base/text.h"
#include "genesis/net/http_request.h"

namespace genesis::hooks {
namespace {

constexpr std::size_t kMostOutput = 4u << 10;

net::HttpRequest request_of(WebCall call) {
  net::HttpRequest request;
  request.method = std::move(call.method);
  request.url = std::move(call.url);
  request.headers = std::move(call.headers);
  request.body = std::move(call.body);
  request.max_response_bytes = kMostOutput;
  return request;
}

DeliveryResult result_of(Result<net::HttpResponse> answer, std::chrono::milliseconds timeout) {
  DeliveryResult result;
  if (!answer) {
    const ErrorKind kind = answer.error().kind;
    result.worth_retrying = kind == ErrorKind::timeout || kind == ErrorKind::unavailable;
    result.detail = kind == ErrorKind::timeout
                        ? fmt::format("{} ({})", answer.error().message, format_duration(timeout))
                        : answer.error().message;
    return result;
  }
  const int status = answer->status;
  result.delivered = status >= 200 && status < 300;
  result.worth_retrying = status == 408 || status == 429 || status >= 500;
  result.detail = fmt::format("HTTP status {}", status);
  if (status >= 300 && status < 400) result.detail += " (redirects are not followed)";
  result.output = std::move(answer->body);
  return result;
}

class WebDelivery final : public Delivery {
 public:
  WebDelivery(boost::asio::io_context& io, WebCall call, DeliveryHandler on_end)
      : io_(io), shared_(std::make_shared<Shared>()) {
    shared_->on_end = std::move(on_end);
    const auto timeout = call.timeout;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    boost::asio::co_spawn(
        io, net::http_request(io, request_of(std::move(call)), deadline),
        boost::asio::bind_cancellation_slot(
            shared_->stop.slot(), [shared = shared_, timeout](std::exception_ptr failure,
                                                              Result<net::HttpResponse> answer) {
              if (!shared->on_end) return;
              DeliveryResult result;
              if (failure)
                result.detail = "the request could not be made: out of memory";
              else
                result = result_of(std::move(answer), timeout);
              std::exchange(shared->on_end, nullptr)(std::move(result));
            }));
  }

  ~WebDelivery() override {
    // One that has ended must not be cancelled: its operations are gone.
    if (std::exchange(shared_->on_end, nullptr)) {
      shared_->stop.emit(boost::asio::cancellation_type::terminal);
    }
  }

  void cancel() override {
    if (!shared_->on_end) return;
    // Whatever the connection does: who cancels does not wait for it.
    boost::asio::post(io_, [shared = shared_] {
      if (!shared->on_end) return;
      DeliveryResult result;
      result.worth_retrying = false;
      result.detail = "cancelled at the end of the run";
      std::exchange(shared->on_end, nullptr)(std::move(result));
    });
    shared_->stop.emit(boost::asio::cancellation_type::terminal);
  }

 private:
  struct Shared {
    DeliveryHandler on_end;
    boost::asio::cancellation_signal stop;
  };

  boost::asio::io_context& io_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Delivery> deliver_by_request(boost::asio::io_context& io, WebCall call,
                                             DeliveryHandler on_end) {
  return std::make_unique<WebDelivery>(io, std::move(call), std::move(on_end));
}

}  // namespace genesis::hooks
