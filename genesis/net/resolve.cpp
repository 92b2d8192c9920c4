#include "genesis/net/resolve.h"

#include <netdb.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

/// What the thread and whoever waits for it share.
struct Lookup {
  std::mutex mutex;
  asio::io_context* io = nullptr;         ///< Null: nobody waits any more. Under the mutex.
  asio::steady_timer* waiting = nullptr;  ///< Cancelled on the loop when it is done.
  bool done = false;
  Endpoints found;
  std::string failure;
};

Endpoints endpoints_of(const addrinfo* list) {
  Endpoints endpoints;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    tcp::endpoint endpoint;
    if (item->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), item->ai_addr, item->ai_addrlen);
    endpoint.resize(item->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

void look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host,
             const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  Endpoints found = failed == 0 ? endpoints_of(list) : Endpoints();
  if (list != nullptr) ::freeaddrinfo(list);
  const std::lock_guard lock(lookup->mutex);
  lookup->found = std::move(found);
  if (lookup->found.empty()) lookup->failure = ::gai_strerror(failed == 0 ? EAI_NONAME : failed);
  lookup->done = true;
  // Whoever waits takes the mutex before it lets the loop go.
  if (lookup->io == nullptr) return;
  asio::post(*lookup->io, [lookup] {
    const std::lock_guard still(lookup->mutex);
    if (lookup->io != nullptr) lookup->waiting->cancel();
  });
}

/// Lives in the frame of whoever waits.
class Waiting {
 public:
  Waiting(std::shared_ptr<Lookup> lookup, asio::io_context& io, asio::steady_timer& stop)
      : lookup_(std::move(lookup)) {
    lookup_->io = &io;
    lookup_->waiting = &stop;
  }
  ~Waiting() {
    const std::lock_guard lock(lookup_->mutex);
    lookup_->io = nullptr;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::shared_ptr<Lookup> lookup_;
};

}  // namespace

asio::awaitable<Result<Endpoints>> resolve(asio::io_context& io, std::string host, std::string port,
                                           asio::steady_timer& stop) {
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    const auto number = static_cast<asio::ip::port_type>(std::stoul(port));
    co_return Endpoints(1, tcp::endpoint(address, number));
  }
  const auto lookup = std::make_shared<Lookup>();
  const Waiting waiting(lookup, io, stop);
  stop.expires_at(asio::steady_timer::time_point::max());
  try {
    std::thread(look_up, lookup, host, port).detach();
  } catch (const std::system_error& failure) {
    co_return make_error(ErrorKind::unavailable, failure.what());
  }
  boost::system::error_code ignored;
  co_await stop.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  const std::lock_guard lock(lookup->mutex);
  if (!lookup->done) co_return make_error(ErrorKind::cancelled, "cancelled");
  if (lookup->found.empty()) co_return make_error(ErrorKind::unavailable, lookup->failure);
  co_return lookup->found;
}

}  // namespace genesis::net
