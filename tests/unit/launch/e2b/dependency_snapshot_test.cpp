#include "launch/e2b/dependency_snapshot.h"

#include <gtest/gtest.h>

namespace genesis::launch::e2b {
namespace {

E2BOptions with(std::vector<std::string> dependencies) {
  E2BOptions options;
  options.dependencies = std::move(dependencies);
  return options;
}

TEST(DependencySnapshot, WhatIsInstalledDecidesTheKey) {
  const std::string key = DependencySnapshot(with({"numpy", "scipy"})).key();
  EXPECT_EQ(DependencySnapshot(with({"scipy", "numpy"})).key(), key);
  EXPECT_NE(DependencySnapshot(with({"numpyscipy"})).key(), key);
  E2BOptions other = with({"numpy", "scipy"});
  other.python = "python3.12";
  EXPECT_NE(DependencySnapshot(other).key(), key);
  other = with({"numpy", "scipy"});
  other.sandbox_template = "big";
  EXPECT_NE(DependencySnapshot(other).key(), key);
}

TEST(DependencySnapshot, OneIsMadeAtATimeAndOnce) {
  EXPECT_FALSE(DependencySnapshot(with({})).begin()) << "nothing to keep";
  DependencySnapshot snapshot(with({"numpy"}));
  EXPECT_TRUE(snapshot.begin());
  EXPECT_FALSE(snapshot.begin());
  snapshot.made("s1");
  EXPECT_EQ(snapshot.id(), "s1");
  EXPECT_FALSE(snapshot.begin());
  snapshot.lost();
  EXPECT_EQ(snapshot.id(), "");
  EXPECT_TRUE(snapshot.begin());
}

TEST(DependencySnapshot, ARefusalIsRememberedAndOtherFailuresAreTriedAFewTimes) {
  for (const FailureKind kind : {FailureKind::refused, FailureKind::not_found}) {
    DependencySnapshot snapshot(with({"numpy"}));
    ASSERT_TRUE(snapshot.begin());
    snapshot.not_made(Failure(kind, "501"));
    EXPECT_FALSE(snapshot.begin());
  }
  DependencySnapshot snapshot(with({"numpy"}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(snapshot.begin());
    snapshot.not_made(Failure(FailureKind::unavailable, "503"));
  }
  EXPECT_FALSE(snapshot.begin());
}

TEST(DependencySnapshot, ANoteIsOfTheSameKeyAndWhole) {
  DependencySnapshot snapshot(with({"numpy"}));
  snapshot.made("team/snap:default");
  const std::string note = snapshot.note();
  EXPECT_EQ(snapshot.noted(note), "team/snap:default");
  EXPECT_FALSE(DependencySnapshot(with({"scipy"})).noted(note));
  for (const std::string& bad :
       {std::string(), note.substr(0, note.size() - 1), "2" + note.substr(1), note + "more\n",
        "1 " + snapshot.key() + " \n", "1 " + snapshot.key() + " a\tb\n",
        "1 " + snapshot.key() + " " + std::string(600, 'a') + "\n"}) {
    EXPECT_FALSE(snapshot.noted(bad)) << bad;
  }
}

}  // namespace
}  // namespace genesis::launch::e2b
