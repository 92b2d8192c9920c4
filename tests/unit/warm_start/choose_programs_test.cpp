#include "genesis/warm_start/choose_programs.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace genesis::warm_start {
namespace {

/// Programs from memory; a text that begins with '!' cannot be read.
class MemorySource final : public ProgramSource {
 public:
  void add(const std::string& id, const std::string& code, std::optional<double> score,
           const std::string& parent = "", std::int64_t generation = 0, bool correct = true) {
    Listing listing;
    listing.handle = static_cast<std::int64_t>(codes_.size());
    listing.id = id;
    listing.parent_id = parent;
    listing.generation = generation;
    listing.score = score;
    listing.correct = correct;
    listings_.push_back(listing);
    codes_.push_back(code);
  }
  Listing& last() { return listings_.back(); }
  std::string system() const override { return "memory"; }
  Result<std::vector<Listing>> list(Skipped&) override { return listings_; }
  Result<ProgramText> read(const Listing& listing) override {
    ++reads;
    const std::string& code = codes_[static_cast<std::size_t>(listing.handle)];
    if (code == "!") return make_error(ErrorKind::invalid_argument, "unreadable");
    if (code == "!!") return make_error(ErrorKind::parse, "the source is broken");
    ProgramText text;
    text.code = code;
    return text;
  }
  int reads = 0;

 private:
  std::vector<Listing> listings_;
  std::vector<std::string> codes_;
};

std::vector<std::string> ids(const Choice& choice) {
  std::vector<std::string> found;
  for (const ChosenProgram& program : choice.programs) found.push_back(program.listing.id);
  return found;
}

std::int64_t all_skipped(const Choice& choice) {
  return std::accumulate(choice.skipped.begin(), choice.skipped.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& entry) { return sum + entry.second; });
}

TEST(ChoosePrograms, TakesTheBestAndPutsParentsFirst) {
  MemorySource source;
  source.add("old", "a", 1.0, "", 0);
  source.add("child", "b", 5.0, "old", 1);
  source.add("grandchild", "c", 9.0, "child", 2);
  source.add("wrong", "d", 99.0, "old", 3, false);
  source.add("unscored", "e", std::nullopt, "old", 1);
  ChooseOptions options;
  options.top = 2;
  const Choice two = value_or_throw(choose_programs(source, options));
  EXPECT_EQ(ids(two), (std::vector<std::string>{"child", "grandchild"}));
  EXPECT_FALSE(two.programs[0].parent);  // its parent is not among the two
  EXPECT_EQ(two.programs[1].parent, 0u);
  EXPECT_EQ(two.found, 5);
  EXPECT_EQ(two.skipped, (Skipped{{"beyond the best 2", 2}, {"incorrect there", 1}}));
  options.top = 0;
  const Choice all = value_or_throw(choose_programs(source, options));
  EXPECT_EQ(all.programs.size(), 4u);
  EXPECT_EQ(static_cast<std::int64_t>(all.programs.size()) + all_skipped(all), all.found);
}

TEST(ChoosePrograms, EqualTextsOnceAndCopiesStandForTheirOriginal) {
  MemorySource source;
  source.add("seed", "a", 1.0, "", 0);
  source.add("copy", "a", 1.0, "", 0);
  source.add("child", "b", 5.0, "copy", 1);
  ChooseOptions options;
  const Choice choice = value_or_throw(choose_programs(source, options));
  EXPECT_EQ(ids(choice), (std::vector<std::string>{"seed", "child"}));
  EXPECT_EQ(choice.programs[1].parent, 0u);
  EXPECT_EQ(choice.skipped, (Skipped{{"duplicates", 1}}));
  // The same where the copy is beyond the best that were asked for.
  options.top = 2;
  const Choice two = value_or_throw(choose_programs(source, options));
  EXPECT_EQ(two.programs[1].parent, 0u);
}

TEST(ChoosePrograms, ReadsNoMoreThanItTakes) {
  MemorySource source;
  for (int i = 0; i < 1000; ++i) source.add(std::to_string(i), std::to_string(i), i);
  ChooseOptions options;
  options.top = 5;
  EXPECT_EQ(value_or_throw(choose_programs(source, options)).programs.size(), 5u);
  EXPECT_LE(source.reads, 10);
}

TEST(ChoosePrograms, UnusableTextsAreCountedUnderTheirReason) {
  MemorySource source;
  source.add("1", "!", 9.0);
  source.add("2", " \n", 8.0);
  source.add("3", std::string(kMaxCodeBytes + 1, 'x'), 7.0);
  source.add("4", std::string("a\0b", 3), 6.0);
  source.add("5", "\xff\xfe", 5.0);
  source.add("6", "fine", 4.0);
  source.last().language = "rust";
  source.add("7", "good", 3.0);
  source.last().language = "python";
  ChooseOptions options;
  options.fits = [](std::string_view language) { return language == "python"; };
  const Choice choice = value_or_throw(choose_programs(source, options));
  EXPECT_EQ(ids(choice), (std::vector<std::string>{"7"}));
  EXPECT_EQ(choice.skipped, (Skipped{{"unreadable", 1},
                                     {"empty", 1},
                                     {"longer than 1 MB", 1},
                                     {"with zero bytes", 1},
                                     {"no UTF-8", 1},
                                     {"in another language", 1}}));
}

TEST(ChoosePrograms, ACycleOfParentsIsNoLineage) {
  MemorySource source;
  source.add("a", "a", 1.0, "b", 1);
  source.add("b", "b", 2.0, "a", 1);
  source.add("c", "c", 3.0, "c", 1);
  const Choice choice = value_or_throw(choose_programs(source, ChooseOptions{}));
  for (std::size_t i = 0; i < choice.programs.size(); ++i) {
    EXPECT_LT(choice.programs[i].parent.value_or(0), i + 1);
    EXPECT_NE(choice.programs[i].parent, i);
  }
}

TEST(ChoosePrograms, ABrokenSourceIsAnError) {
  MemorySource source;
  source.add("a", "!!", 1.0);
  const auto choice = choose_programs(source, ChooseOptions{});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().message, "the source is broken");
}

}  // namespace
}  // namespace genesis::warm_start
