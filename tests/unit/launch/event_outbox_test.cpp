#include "launch/event_outbox.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

namespace genesis::launch {
namespace {

struct Fixture : testing::Test {
  boost::asio::io_context io;
  std::vector<int> seen;
  std::unique_ptr<EventOutbox> outbox = std::make_unique<EventOutbox>(
      io, [this](Event event) { seen.push_back(std::get<Capacity>(event).slots); });
};
using EventOutboxTest = Fixture;

TEST_F(EventOutboxTest, DeliversLaterInOrderWithOnePostPerBatch) {
  for (int i = 0; i < 100; ++i) outbox->push(Capacity{i, ""});
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(io.run(), 1u);
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_F(EventOutboxTest, WhatTheSinkPushesComesInALaterBatch) {
  int depth = 0;
  int deepest = 0;
  int count = 0;
  EventOutbox* reached = nullptr;
  EventOutbox nested(io, [&](Event) {
    deepest = std::max(deepest, ++depth);
    if (++count < 5) reached->push(Capacity{});
    --depth;
  });
  reached = &nested;
  nested.push(Capacity{});
  io.run();
  EXPECT_EQ(count, 5);
  EXPECT_EQ(deepest, 1);
}

TEST_F(EventOutboxTest, CloseComesAfterEverythingAndNothingAfterIt) {
  bool closed = false;
  outbox->push(Capacity{1, ""});
  outbox->close([&] {
    closed = true;
    EXPECT_EQ(seen.size(), 1u);
  });
  outbox->push(Capacity{2, ""});
  EXPECT_FALSE(closed);
  io.run();
  EXPECT_TRUE(closed);
  EXPECT_EQ(seen, std::vector<int>{1});
}

TEST_F(EventOutboxTest, NothingIsDeliveredAfterDestruction) {
  outbox->push(Capacity{1, ""});
  outbox.reset();
  io.run();
  EXPECT_TRUE(seen.empty());
}

TEST_F(EventOutboxTest, TheSinkMayDestroyItInTheMiddleOfABatch) {
  int count = 0;
  std::unique_ptr<EventOutbox> mortal;
  mortal = std::make_unique<EventOutbox>(io, [&](Event) {
    ++count;
    mortal.reset();
  });
  mortal->push(Capacity{});
  mortal->push(Capacity{});
  io.run();
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace genesis::launch
