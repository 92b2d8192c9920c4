#include "genesis/net/connection_pool.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "genesis/net/proxy.h"
#include "genesis/net/tls_context.h"

namespace genesis::net {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// Addresses change: a name is looked up again after so long.
constexpr std::chrono::seconds kAddressLife{30};

/// A place in the queue for a connection, in the frame of whoever waits.
class Waiting {
 public:
  Waiting(asio::io_context& io, PooledOrigin& origin) : timer(io), origin_(origin) {
    place_ = origin.waiting.insert(origin.waiting.end(), &timer);
  }
  ~Waiting() { leave(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  bool is_first() const { return !origin_.waiting.empty() && origin_.waiting.front() == &timer; }
  void leave() {
    if (std::exchange(left_, true)) return;
    origin_.waiting.erase(place_);
    // What woke this one may be the next one's.
    if (!origin_.waiting.empty()) origin_.waiting.front()->cancel();
  }

  asio::steady_timer timer;

 private:
  PooledOrigin& origin_;
  std::list<asio::steady_timer*>::iterator place_;
  bool left_ = false;
};

}  // namespace

ConnectionLease::ConnectionLease(std::weak_ptr<ConnectionPool> pool,
                                 std::shared_ptr<PooledOrigin> origin,
                                 std::shared_ptr<ClientConnection> connection, bool kept)
    : pool_(std::move(pool)),
      origin_(std::move(origin)),
      connection_(std::move(connection)),
      kept_(kept) {}

ConnectionLease& ConnectionLease::operator=(ConnectionLease&& other) noexcept {
  if (this == &other) return *this;
  drop();
  pool_ = std::move(other.pool_);
  origin_ = std::move(other.origin_);
  connection_ = std::move(other.connection_);
  kept_ = other.kept_;
  return *this;
}

void ConnectionLease::give_back() {
  if (!connection_) return;
  const auto connection = std::exchange(connection_, nullptr);
  if (const auto pool = pool_.lock()) {
    pool->take_back(*origin_, connection);
  } else {
    connection->close();
  }
}

void ConnectionLease::drop() {
  if (!connection_) return;
  const auto connection = std::exchange(connection_, nullptr);
  connection->close();
  if (const auto pool = pool_.lock()) pool->one_less(*origin_);
}

ConnectionPool::ConnectionPool(asio::io_context& io, HttpClientLimits limits)
    : io_(io), limits_(limits), sweeper_(io) {}

Result<std::shared_ptr<PooledOrigin>> ConnectionPool::origin_of(const Url& url) {
  auto& place = origins_[url.origin()];
  if (place) return place;
  auto origin = std::make_shared<PooledOrigin>();
  origin->destination.url.tls = url.tls;
  origin->destination.url.host = url.host;
  origin->destination.url.port = url.port;
  origin->destination.connect_limit = limits_.connect;
  auto proxy = proxy_for(url, proxies_of_environment());
  if (!proxy) {
    origins_.erase(url.origin());
    return tl::unexpected<Error>(std::move(proxy.error()));
  }
  origin->destination.proxy = std::move(*proxy);
  if (url.tls && !tls_) {
    auto made = make_client_context();
    if (!made) {
      origins_.erase(url.origin());
      return tl::unexpected<Error>(std::move(made.error()));
    }
    tls_ = std::move(*made);
  }
  origin->destination.tls = tls_;
  place = std::move(origin);
  return place;
}

std::shared_ptr<ClientConnection> ConnectionPool::standing_one(PooledOrigin& origin) {
  while (!origin.idle.empty()) {
    auto connection = std::move(origin.idle.back().connection);
    origin.idle.pop_back();
    if (connection->stands()) return connection;
    connection->close();
    --origin.open;
  }
  return nullptr;
}

asio::awaitable<Result<ConnectionLease>> ConnectionPool::lease(Url url,
                                                               steady_clock::time_point deadline,
                                                               bool fresh) {
  auto found = origin_of(url);
  if (!found) co_return tl::unexpected<Error>(found.error());
  const std::shared_ptr<PooledOrigin> origin = *found;
  const std::size_t most = limits_.connections_per_origin;
  if (!origin->waiting.empty() || !origin->has_room(most)) {
    Waiting waiting(io_, *origin);
    while (!waiting.is_first() || !origin->has_room(most)) {
      waiting.timer.expires_at(deadline);
      boost::system::error_code ignored;
      co_await waiting.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (closed_) co_return make_error(ErrorKind::cancelled, url.origin() + ": cancelled");
      if (steady_clock::now() >= deadline) {
        co_return make_error(ErrorKind::timeout,
                             url.origin() + ": no connection became free in time");
      }
    }
  }
  auto connection = fresh ? nullptr : standing_one(*origin);
  const bool kept = connection != nullptr;
  if (!kept) {
    if (fresh && origin->open >= most) {  // Room was an idle one: it goes.
      origin->idle.front().connection->close();
      origin->idle.pop_front();
      --origin->open;
    }
    if (steady_clock::now() - origin->addresses_since > kAddressLife) {
      origin->addresses.clear();
      origin->addresses_since = steady_clock::now();
    }
    connection = std::make_shared<ClientConnection>(io_, origin->destination);
    ++origin->open;
  }
  co_return ConnectionLease(weak_from_this(), origin, std::move(connection), kept);
}

void ConnectionPool::take_back(PooledOrigin& origin, std::shared_ptr<ClientConnection> connection) {
  if (closed_ || !limits_.keep || !connection->is_open()) {
    connection->close();
    return one_less(origin);
  }
  connection->no_deadline();
  connection->shrink();
  origin.idle.push_back({std::move(connection), steady_clock::now()});
  wake_next(origin);
  sweep_later();
}

void ConnectionPool::one_less(PooledOrigin& origin) {
  --origin.open;
  wake_next(origin);
}

void ConnectionPool::wake_next(PooledOrigin& origin) {
  if (!origin.waiting.empty()) origin.waiting.front()->cancel();
}

void ConnectionPool::sweep_later() {
  if (std::exchange(sweeping_, true)) return;
  sweeper_.expires_after(std::max(limits_.idle / 4, std::chrono::milliseconds{1}));
  sweeper_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (!self) return;
    self->sweeping_ = false;
    if (!stopped) self->sweep();
  });
}

void ConnectionPool::sweep() {
  const auto now = steady_clock::now();
  bool some_left = false;
  for (auto it = origins_.begin(); it != origins_.end();) {
    PooledOrigin& origin = *it->second;
    while (!origin.idle.empty() && now - origin.idle.front().since >= limits_.idle) {
      origin.idle.front().connection->close();
      origin.idle.pop_front();
      --origin.open;
    }
    some_left = some_left || !origin.idle.empty();
    // A sandbox may have a host name of its own: what nobody talks to any more is forgotten.
    const bool unused = origin.open == 0 && origin.waiting.empty();
    it = unused ? origins_.erase(it) : std::next(it);
  }
  if (some_left) sweep_later();
}

void ConnectionPool::close() {
  closed_ = true;
  sweeper_.cancel();
  for (auto& [name, origin] : origins_) {
    for (auto& kept : origin->idle) kept.connection->close();
    origin->open -= origin->idle.size();
    origin->idle.clear();
    for (auto* const timer : origin->waiting) timer->cancel();
  }
}

std::size_t ConnectionPool::connections() const {
  std::size_t count = 0;
  for (const auto& [name, origin] : origins_) count += origin->open;
  return count;
}

std::size_t ConnectionPool::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [name, origin] : origins_) count += origin->idle.size();
  return count;
}

}  // namespace genesis::net
