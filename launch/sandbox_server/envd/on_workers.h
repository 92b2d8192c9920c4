#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace genesis::envd {

template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work>> run_here(Work work) {
  co_return work();
}

/// Runs what waits for a disk on one of the pool's threads, and goes on where it was called. `Work`
/// must own what it uses.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work>> on_workers(boost::asio::thread_pool& workers,
                                                              Work work) {
  auto task = run_here(std::move(work));
  co_return co_await boost::asio::co_spawn(workers, std::move(task), boost::asio::use_awaitable);
}

}  // namespace genesis::envd
