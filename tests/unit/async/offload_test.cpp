#include "genesis/async/offload.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>
#include <thread>

namespace genesis {
namespace {

TEST(WorkerPool, WorksElsewhereAndComesBack) {
  boost::asio::io_context io;
  WorkerPool pool(io, 2);
  EXPECT_EQ(pool.threads(), 2);
  const auto here = std::this_thread::get_id();
  std::atomic<int> worked_here{0};
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    pool.run([&] { worked_here += std::this_thread::get_id() == here ? 1 : 0; },
             [&] {
               EXPECT_EQ(std::this_thread::get_id(), here);
               ++done;
             });
  }
  io.run();  // Returns only when all work is back: the pool keeps it alive.
  EXPECT_EQ(done, 100);
  EXPECT_EQ(worked_here.load(), 0);
}

TEST(WorkerPool, ItsEndWaitsForWorkAndDropsLateResults) {
  boost::asio::io_context io;
  std::atomic<bool> worked{false};
  bool done = false;
  {
    WorkerPool pool(io, 1);
    pool.run([&] { worked = true; }, [&] { done = true; });
  }
  EXPECT_TRUE(worked.load());
  io.run();
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace genesis
