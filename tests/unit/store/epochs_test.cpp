#include "genesis/store/epochs.h"

#include <gtest/gtest.h>

namespace genesis::store {
namespace {

std::vector<Epoch> two_epochs() {
  Epoch first;
  first.evaluator_hash = "aa";
  first.manifest_json = R"({"files":[]})";
  first.started_at = 5;
  Epoch second = first;
  second.number = 2;
  second.first_generation = 40;
  second.evaluator_hash = "bb";
  second.rescored = 11;
  return {first, second};
}

TEST(Epochs, ComeBackAndOnlyTheLastKeepsItsFiles) {
  const std::string text = encode_epochs(two_epochs());
  const auto back = value_or_throw(decode_epochs(text));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].manifest_json, "{}");
  EXPECT_EQ(back[1].manifest_json, R"({"files":[]})");
  EXPECT_EQ(back[1].first_generation, 40);
  EXPECT_EQ(back[1].evaluator_hash, "bb");
  EXPECT_EQ(back[1].rescored, 11);
  EXPECT_EQ(first_generation_of(text), 40);
  EXPECT_EQ(first_generation_of(std::nullopt), 0);
}

TEST(Epochs, WhatDoesNotFollowIsDamaged) {
  auto epochs = two_epochs();
  epochs[1].first_generation = 0;
  EXPECT_FALSE(decode_epochs(encode_epochs(epochs)));
  epochs = two_epochs();
  epochs[1].number = 3;
  EXPECT_FALSE(decode_epochs(encode_epochs(epochs)));
  epochs = two_epochs();
  epochs[0].first_generation = 1;
  EXPECT_FALSE(decode_epochs(encode_epochs(epochs)));
  for (const char* damaged : {"", "{}", "[{}]", "[1]", "null"}) {
    EXPECT_FALSE(decode_epochs(damaged)) << damaged;
    EXPECT_EQ(first_generation_of(damaged), 0);
  }
}

}  // namespace
}  // namespace genesis::store
