// What the runner writes is what a fork server's native part reads, and nothing else is read.
#include "launch/local/warm_packet.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "launch/local/warm_request.h"

namespace genesis::launch {
namespace {

WarmRequest full_request() {
  WarmRequest request;
  request.arguments = {"--program_path", "", "/data/with space/main.py"};
  request.environment = {{"EMPTY", ""}, {"GREETING", "hello=world"}, {"PATH", "/bin"}};
  request.folder = "/folder";
  request.token = "token-1";
  request.work_dir = "/work";
  request.limits = {{4, 0, 0}, {7, 20000, RLIM_INFINITY}};
  request.cpus = {0, 3, 1023};
  request.cgroup = 5;
  return request;
}

/// Packets are read where they were received: aligned.
std::vector<std::uint64_t> aligned(const std::string& packet) {
  std::vector<std::uint64_t> words(packet.size() / 8 + 1);
  std::memcpy(words.data(), packet.data(), packet.size());
  return words;
}

std::vector<std::string> strings(const char* at, std::size_t size) {
  std::vector<std::string> list;
  for (const char* const end = at + size; at < end; at += list.back().size() + 1) {
    list.emplace_back(at);
  }
  return list;
}

std::vector<std::string> changes_from(std::vector<std::string> known, const WarmRequest& request,
                                      std::size_t room = 4096) {
  const auto words = aligned(warm_packet(1, request).value());
  genesis_warm_request read{};
  EXPECT_EQ(genesis_warm_read(words.data(), warm_packet(1, request)->size(), &read), nullptr);
  std::vector<char*> entries;
  for (std::string& entry : known) entries.push_back(entry.data());
  entries.push_back(nullptr);
  std::vector<char> changes(room);
  const std::size_t used = genesis_warm_changes(&read, entries.data(), changes.data(), room);
  if (used == SIZE_MAX) return {"no room"};
  return strings(changes.data(), used);
}

TEST(WarmPacket, IsReadAsItWasWritten) {
  const WarmRequest request = full_request();
  const std::string packet = warm_packet(-7, request).value();
  const auto words = aligned(packet);
  genesis_warm_request read{};
  ASSERT_EQ(genesis_warm_read(words.data(), packet.size(), &read), nullptr);
  EXPECT_EQ(read.head.id, -7);
  EXPECT_EQ(read.head.has_cgroup, 1u);
  ASSERT_EQ(read.head.limit_count, 2u);
  EXPECT_EQ(read.limits[1].resource, 7);
  EXPECT_EQ(read.limits[1].soft, 20000u);
  EXPECT_EQ(read.limits[1].hard, RLIM_INFINITY);
  ASSERT_EQ(read.head.cpu_count, 3u);
  EXPECT_EQ(read.cpus[2], 1023u);
  EXPECT_STREQ(read.folder, "/folder");
  EXPECT_STREQ(read.token, "token-1");
  EXPECT_STREQ(read.work, "/work");
  EXPECT_EQ(strings(read.arguments, read.head.arguments_size), request.arguments);
  EXPECT_EQ(strings(read.environment, read.head.environment_size),
            (std::vector<std::string>{"EMPTY=", "GREETING=hello=world", "PATH=/bin"}));
}

TEST(WarmPacket, IsRefusedWhenCutShort) {
  const std::string packet = warm_packet(1, full_request()).value();
  const auto words = aligned(packet);
  for (std::size_t size = 0; size < packet.size(); ++size) {
    genesis_warm_request read{};
    EXPECT_NE(genesis_warm_read(words.data(), size, &read), nullptr) << size;
  }
}

TEST(WarmPacket, IsRefusedWhenItsHeadSaysOtherwise) {
  const auto refused = [](auto change) {
    std::string packet = warm_packet(1, full_request()).value();
    genesis_warm_head head;
    std::memcpy(&head, packet.data(), sizeof head);
    change(head);
    std::memcpy(packet.data(), &head, sizeof head);
    const auto words = aligned(packet);
    genesis_warm_request read{};
    return genesis_warm_read(words.data(), packet.size(), &read) != nullptr;
  };
  EXPECT_FALSE(refused([](genesis_warm_head&) {}));
  EXPECT_TRUE(refused([](genesis_warm_head& head) { head.magic += 1; }));
  EXPECT_TRUE(refused([](genesis_warm_head& head) { head.limit_count = 17; }));
  EXPECT_TRUE(refused([](genesis_warm_head& head) { head.cpu_count = 0xffffffff; }));
  EXPECT_TRUE(refused([](genesis_warm_head& head) { head.arguments_size += 1; }));
  EXPECT_TRUE(refused([](genesis_warm_head& head) {
    head.arguments_size += 3;  // into the environment: the first block does not end with a zero
    head.environment_size -= 3;
  }));
  EXPECT_TRUE(refused([](genesis_warm_head& head) {
    head.arguments_size = 0xffffffff;
    head.environment_size += 1;
  }));
}

TEST(WarmPacket, TakesNoMoreThanAServerDoes) {
  WarmRequest request = full_request();
  request.cpus = {1024};
  EXPECT_FALSE(warm_packet(1, request));
  request = full_request();
  request.limits.resize(17);
  EXPECT_FALSE(warm_packet(1, request));
  request = full_request();
  request.environment["LARGE"] = std::string(GENESIS_WARM_MOST_BYTES, 'x');
  EXPECT_FALSE(warm_packet(1, request));
  request = full_request();
  request.arguments.emplace_back("a\0b", 3);
  EXPECT_FALSE(warm_packet(1, request));
}

TEST(WarmEnvironment, OnlyWhatDiffersIsChanged) {
  WarmRequest request = full_request();
  request.environment = {{"A", "1"}, {"B", "2"}, {"BB", "3"}, {"E", ""}};
  using Strings = std::vector<std::string>;
  EXPECT_EQ(changes_from({"A=1", "B=2", "BB=3", "E="}, request), Strings{});
  EXPECT_EQ(changes_from({"E=", "BB=3", "B=2", "A=1"}, request), Strings{});
  EXPECT_EQ(changes_from({"A=1", "B=22", "BB=3"}, request), (Strings{"B=2", "E="}));
  EXPECT_EQ(changes_from({"A=1", "AA=1", "B=2", "BB=3", "E=", "Z=0"}, request),
            (Strings{"AA", "Z"}));
  EXPECT_EQ(changes_from({}, request), (Strings{"A=1", "B=2", "BB=3", "E="}));
  request.environment = {};
  EXPECT_EQ(changes_from({"A=1", "no variable", "C="}, request), (Strings{"A", "C"}));
}

TEST(WarmEnvironment, TooLittleRoomIsSaid) {
  WarmRequest request = full_request();
  request.environment = {{"NAME", "value"}};
  EXPECT_EQ(changes_from({}, request, 11), std::vector<std::string>{"NAME=value"});
  EXPECT_EQ(changes_from({}, request, 10), std::vector<std::string>{"no room"});
}

}  // namespace
}  // namespace genesis::launch
