#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "genesis/net/client_connection.h"
#include "genesis/net/http_client.h"

namespace genesis::net {

class ConnectionPool;

/// The connections to one origin.
struct PooledOrigin {
  struct Kept {
    std::shared_ptr<ClientConnection> connection;
    std::chrono::steady_clock::time_point since;
  };

  Destination destination;
  Endpoints addresses;
  std::chrono::steady_clock::time_point addresses_since;
  std::size_t open = 0;   ///< Idle ones included.
  std::deque<Kept> idle;  ///< The one used last at the end.
  std::list<boost::asio::steady_timer*> waiting;

  bool has_room(std::size_t most) const { return !idle.empty() || open < most; }
};

/// The right to one connection. Destroying it closes the connection, unless it was given back.
class ConnectionLease {
 public:
  ConnectionLease() = default;
  ConnectionLease(std::weak_ptr<ConnectionPool> pool, std::shared_ptr<PooledOrigin> origin,
                  std::shared_ptr<ClientConnection> connection, bool kept);
  ConnectionLease(ConnectionLease&&) noexcept = default;
  ConnectionLease& operator=(ConnectionLease&& other) noexcept;
  ~ConnectionLease() { drop(); }

  ClientConnection* operator->() const { return connection_.get(); }
  ClientConnection& operator*() const { return *connection_; }
  /// Whether it has served an earlier call.
  bool kept() const { return kept_; }
  PooledOrigin& origin() const { return *origin_; }
  void give_back();
  void drop();

 private:
  std::weak_ptr<ConnectionPool> pool_;
  std::shared_ptr<PooledOrigin> origin_;
  std::shared_ptr<ClientConnection> connection_;
  bool kept_ = false;
};

/// Who gets which connection, and how long idle ones live. On the loop's thread.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  ConnectionPool(boost::asio::io_context& io, HttpClientLimits limits);

  /// One to `url`'s origin: a kept one that stands, or a new one that is not open yet. `fresh`: a
  /// new one. Waits, up to the deadline, while there are as many as there may be.
  boost::asio::awaitable<Result<ConnectionLease>> lease(
      Url url, std::chrono::steady_clock::time_point deadline, bool fresh);
  void close();

  std::size_t connections() const;
  std::size_t idle_connections() const;
  const HttpClientLimits& limits() const { return limits_; }

 private:
  friend class ConnectionLease;

  Result<std::shared_ptr<PooledOrigin>> origin_of(const Url& url);
  void take_back(PooledOrigin& origin, std::shared_ptr<ClientConnection> connection);
  void one_less(PooledOrigin& origin);
  void wake_next(PooledOrigin& origin);
  void sweep_later();
  void sweep();
  std::shared_ptr<ClientConnection> standing_one(PooledOrigin& origin);

  boost::asio::io_context& io_;
  HttpClientLimits limits_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::map<std::string, std::shared_ptr<PooledOrigin>> origins_;
  boost::asio::steady_timer sweeper_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace genesis::net
