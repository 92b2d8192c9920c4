#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace genesis {

/// An unbounded queue with one waiting reader, on one I/O thread. Its owner bounds what can be in
/// flight; the queue itself must never lose or block an event.
template <typename T>
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& io) : wake_(io) {
    wake_.expires_at(boost::asio::steady_timer::time_point::max());
  }

  /// I/O thread.
  void push(T item) {
    items_.push_back(std::move(item));
    if (waiting_) wake_.cancel();
  }

  bool empty() const { return items_.empty(); }

  /// Everything that has arrived, in order; waits until there is something.
  boost::asio::awaitable<std::vector<T>> receive() {
    while (items_.empty()) {
      waiting_ = true;
      boost::system::error_code ignored;
      co_await wake_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      waiting_ = false;
      wake_.expires_at(boost::asio::steady_timer::time_point::max());
    }
    std::vector<T> batch;
    batch.swap(items_);
    co_return batch;
  }

 private:
  boost::asio::steady_timer wake_;
  std::vector<T> items_;
  bool waiting_ = false;
};

}  // namespace genesis
