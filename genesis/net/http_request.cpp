#include "genesis/net/http_request.h"

#include <utility>

#include "genesis/net/http_client.h"

namespace genesis::net {

boost::asio::awaitable<Result<HttpResponse>> http_request(
    boost::asio::io_context& io, HttpRequest request,
    std::chrono::steady_clock::time_point deadline) {
  HttpClientLimits limits;
  limits.keep = false;
  limits.connect = {};
  HttpClient client(io, limits);
  HttpCall call(std::move(request.method), std::move(request.url));
  call.headers = std::move(request.headers);
  call.body = std::move(request.body);
  auto answer = co_await client.send(std::move(call), deadline);
  if (!answer) co_return tl::unexpected<Error>(answer.error());
  auto body = co_await answer->whole(request.max_response_bytes);
  if (!body) co_return tl::unexpected<Error>(body.error());
  HttpResponse response;
  response.status = answer->status();
  response.headers = answer->head().headers;
  response.body = std::move(body->text);
  response.truncated = body->truncated;
  co_return response;
}

}  // namespace genesis::net
