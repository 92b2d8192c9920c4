#include "genesis/async/mailbox.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

namespace genesis {
namespace {

boost::asio::awaitable<void> read_until(Mailbox<int>& mailbox, std::size_t count,
                                        std::vector<int>& all) {
  while (all.size() < count) {
    const std::vector<int> batch = co_await mailbox.receive();
    EXPECT_FALSE(batch.empty());
    all.insert(all.end(), batch.begin(), batch.end());
  }
}

TEST(Mailbox, DeliversInOrderWhatCameBeforeAndAfterTheReader) {
  boost::asio::io_context io;
  Mailbox<int> mailbox(io);
  std::vector<int> all;
  mailbox.push(1);
  mailbox.push(2);
  boost::asio::co_spawn(io, read_until(mailbox, 5, all), boost::asio::detached);
  io.run_one();
  for (int i = 3; i <= 5; ++i) boost::asio::post(io, [&mailbox, i] { mailbox.push(i); });
  io.run();
  EXPECT_EQ(all, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(mailbox.empty());
}

}  // namespace
}  // namespace genesis
