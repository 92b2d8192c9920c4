#include "genesis/config/seed_spelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace genesis::config {
namespace {

using Texts = std::vector<std::string>;

TEST(SeedSpelling, KnownGroupsMountAtTheTopLevel) {
  EXPECT_EQ(rewrite_seed_spelling({"variant=big", "+variant=big", "task=t", "+cluster=e2b"}),
            (Texts{"variant@_global_=big", "variant@_global_=big", "task@_global_=t",
                   "cluster@_global_=e2b"}));
  for (const std::string& group : known_groups()) {
    EXPECT_EQ(rewrite_seed_spelling({group + "=x"}), Texts{group + "@_global_=x"});
  }
}

TEST(SeedSpelling, EverythingElsePassesThrough) {
  const Texts texts = {"variant@_global_=big",
                       "+task@other=t",
                       "~variant",
                       "++variant=x",
                       "tasks=5",
                       "task.x=5",
                       "seed=variant=",
                       "",
                       "=x",
                       "task",
                       "evo_config.num_generations=3"};
  EXPECT_EQ(rewrite_seed_spelling(texts), texts);
}

TEST(SeedSpelling, KeepsValuesAndOrder) {
  EXPECT_EQ(rewrite_seed_spelling({"a=1", "task='x=y'", "variant="}),
            (Texts{"a=1", "task@_global_='x=y'", "variant@_global_="}));
}

}  // namespace
}  // namespace genesis::config
