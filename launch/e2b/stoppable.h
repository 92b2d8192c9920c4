#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <utility>

namespace genesis::launch::e2b {

/// A completion handler for co_spawn that `signal` cancels the coroutine by, at once. With
/// asio::bind_cancellation_slot the signal is passed on by a handler of its own, which Boost 1.81
/// lets come after the coroutine's end, when what it points at is gone.
template <typename Over>
struct Stoppable {
  using cancellation_slot_type = boost::asio::cancellation_slot;

  cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
  template <typename... Results>
  void operator()(const std::exception_ptr& thrown, Results... results) {
    over(thrown, std::move(results)...);
  }

  cancellation_slot_type slot;
  Over over;
};

template <typename Over>
Stoppable<Over> stoppable_by(boost::asio::cancellation_signal& signal, Over over) {
  return {signal.slot(), std::move(over)};
}

}  // namespace genesis::launch::e2b
