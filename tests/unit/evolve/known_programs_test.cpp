#include "genesis/evolve/known_programs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_map>

#include "genesis/base/hash.h"
#include "genesis/base/rng.h"

namespace genesis::evolve {
namespace {

TEST(KnownPrograms, RemembersTheFirstNumberUntilAnotherIsSet) {
  KnownPrograms known;
  const std::string key = hash128_hex("a program");
  EXPECT_FALSE(known.find(key));
  EXPECT_FALSE(known.erase(key));
  EXPECT_TRUE(known.emplace(key, -3));
  EXPECT_FALSE(known.emplace(key, 5));
  EXPECT_EQ(known.find(key), -3);
  known.set(key, 12);
  EXPECT_EQ(known.find(key), 12);
  EXPECT_EQ(known.size(), 1u);
  EXPECT_TRUE(known.erase(key));
  EXPECT_FALSE(known.find(key));
  EXPECT_EQ(known.size(), 0u);
}

TEST(KnownPrograms, TakesKeysThatAreNoHashes) {
  KnownPrograms known;
  EXPECT_TRUE(known.emplace("key1", 1));
  EXPECT_TRUE(known.emplace("", 2));
  EXPECT_TRUE(known.emplace(std::string(32, 'z'), 3));
  EXPECT_TRUE(known.emplace("0x" + std::string(30, '0'), 4));
  EXPECT_EQ(known.find("key1"), 1);
  EXPECT_EQ(known.find(""), 2);
  EXPECT_EQ(known.find(std::string(32, 'z')), 3);
  EXPECT_FALSE(known.find("key2"));
  EXPECT_FALSE(known.find(std::string(32, '0')));
}

// Keys that differ only above the table's bits share a home: the row of slots wraps around its end.
TEST(KnownPrograms, AgreesWithAMapUnderManyChangesAndClashes) {
  KnownPrograms known;
  std::unordered_map<std::string, std::int64_t> reference;
  RandomStream random(3, "known", 0);
  for (std::int64_t i = 0; i < 60'000; ++i) {
    const std::uint64_t low = random.chance(0.5) ? 0xffff'ffff'ffff'fff0 + random.below(16)
                                                 : random.below(3000) * 0x9E3779B97F4A7C15;
    const std::string key = fmt::format("{:016x}{:016x}", random.below(20), low);
    if (random.chance(0.3)) {
      EXPECT_EQ(known.erase(key), reference.erase(key) == 1);
    } else if (random.chance(0.5)) {
      EXPECT_EQ(known.emplace(key, i), reference.emplace(key, i).second);
    } else {
      known.set(key, i);
      reference[key] = i;
    }
    ASSERT_EQ(known.size(), reference.size());
  }
  EXPECT_GT(reference.size(), 3000u);
  for (const auto& [key, number] : reference) EXPECT_EQ(known.find(key), number) << key;
}

}  // namespace
}  // namespace genesis::evolve
