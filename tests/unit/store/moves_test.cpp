#include "genesis/store/moves.h"

#include <gmock/gmock.h>

#include <limits>
#include <vector>

#include "genesis/base/rng.h"

namespace genesis::store {
namespace {

std::vector<MoveRecord> decoded(std::string_view text) {
  std::vector<MoveRecord> moves;
  EXPECT_TRUE(decode_moves(5, text, [&](const MoveRecord& move) { moves.push_back(move); }))
      << text;
  return moves;
}

TEST(Moves, AreOneShortText) {
  const std::vector<MoveRecord> moves = {{.event = 5, .generation = 12, .to_island = 3},
                                         {5, 15, 1, 2, true}};
  EXPECT_EQ(encode_moves(moves), "12:0>3 15:1+2");
}

TEST(Moves, ComeBackAsTheyWere) {
  RandomStream random(3, "moves", 0);
  for (int round = 0; round < 200; ++round) {
    std::vector<MoveRecord> moves;
    for (std::uint64_t i = 0; i <= random.below(20); ++i) {
      moves.push_back({5, static_cast<std::int64_t>(random.below(1ULL << random.below(62))),
                       static_cast<int>(random.below(10'000)),
                       static_cast<int>(random.below(10'000)), random.chance(0.3)});
    }
    const std::vector<MoveRecord> back = decoded(encode_moves(moves));
    ASSERT_EQ(back.size(), moves.size());
    for (std::size_t i = 0; i < moves.size(); ++i) {
      EXPECT_EQ(back[i].event, 5);
      EXPECT_EQ(back[i].generation, moves[i].generation);
      EXPECT_EQ(back[i].from_island, moves[i].from_island);
      EXPECT_EQ(back[i].to_island, moves[i].to_island);
      EXPECT_EQ(back[i].copy, moves[i].copy);
    }
  }
}

TEST(Moves, WhatIsNotOfTheirFormIsRefused) {
  for (const char* text : {"", " ", "1", "1:", "1:2", "1:2>", "1:2=3", "1:2>3 ", "1:2>3,4:5>6",
                           "1:2>3  4:5>6", "-1:2>3", "1:-2>3", "1:2>x", " 1:2>3", "1:2>3x",
                           "99999999999999999999:1>2", "1:9999999999>2", "1:2>3\n"}) {
    EXPECT_FALSE(decode_moves(1, text, [](const MoveRecord&) {})) << text;
  }
  EXPECT_EQ(decoded("9223372036854775807:2147483647>0")[0].generation,
            std::numeric_limits<std::int64_t>::max());
}

// Any text at all: what is accepted is what encoding gives.
TEST(Moves, RandomTextsAreRefusedOrExact) {
  RandomStream random(4, "moves", 1);
  const std::string_view letters = "0123456789:>+ -x";
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(8); i > 0; --i) text += letters[random.below(13)];
    if (random.chance(0.1)) text += letters[random.below(letters.size())];
    std::vector<MoveRecord> moves;
    if (!decode_moves(1, text, [&](const MoveRecord& move) { moves.push_back(move); })) continue;
    ++accepted;
    // Leading zeros are the only other way to write a number.
    EXPECT_LE(encode_moves(moves).size(), text.size()) << text;
  }
  EXPECT_GT(accepted, 50);
}

}  // namespace
}  // namespace genesis::store
