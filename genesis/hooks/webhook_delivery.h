#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "genesis/hooks/delivery.h"

namespace genesis::hooks {

/// A web address to tell of an event.
struct WebCall {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};
};

/// Sends one request. HTTP status 2xx is success. Another try is worth it for what may pass: no
/// connection, no answer in time, 408, 429 and 5xx.
std::unique_ptr<Delivery> deliver_by_request(boost::asio::io_context& io, WebCall call,
                                             DeliveryHandler on_end);

}  // namespace genesis::hooks
