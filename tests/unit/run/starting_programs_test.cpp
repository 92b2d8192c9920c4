#include "genesis/run/starting_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"
#include "genesis/run/seed_record.h"

namespace genesis::run {
namespace {

using testing::HasSubstr;

std::string program_text(const std::string& body) {
  return "# EVOLVE-BLOCK-START\n" + body + "\n# EVOLVE-BLOCK-END\n";
}

class StartingProgramsTest : public testing::Test {
 protected:
  std::string put(const std::string& name, const std::string& text) {
    EXPECT_TRUE(make_directories((dir_.path() / name).parent_path()));
    EXPECT_TRUE(write_file(dir_.path() / name, text));
    return (dir_.path() / name).string();
  }
  /// A checkpoint of OpenEvolve with one program per text, each the child of the one before it.
  std::string checkpoint(const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string id = std::string(1, static_cast<char>('a' + i));
      const std::string parent = i == 0 ? "" : std::string(1, static_cast<char>('a' + i - 1));
      std::string code;
      for (const char c : texts[i]) code += c == '\n' ? std::string("\\n") : std::string(1, c);
      put("ck/programs/" + id + ".json",
          "{\"id\": \"" + id + "\", \"parent_id\": \"" + parent + "\", \"code\": \"" + code +
              "\", \"generation\": " + std::to_string(i) +
              ", \"metrics\": {\"combined_score\": 1.5}, \"metadata\": {\"island\": 5}}");
    }
    return (dir_.path() / "ck").string();
  }
  std::string failure(int islands = 2) {
    const auto start = gather_starting_programs(config_, islands);
    return start ? "" : start.error().message;
  }
  StartingPrograms gathered(int islands = 2) {
    return value_or_throw(gather_starting_programs(config_, islands));
  }

  TempDir dir_;
  EvolutionConfig config_;
};

TEST_F(StartingProgramsTest, OneSeedIsTheProgramAsGiven) {
  config_.init_program_path = put("seed.py", program_text("x = 1"));
  const StartingPrograms start = gathered();
  ASSERT_EQ(start.seeds.size(), 1u);
  EXPECT_EQ(start.seeds[0].mutator, "seed");
  EXPECT_EQ(start.seeds[0].summary, "the program as given");
  EXPECT_EQ(start.seeds[0].program.primary().path, "main.py");
  EXPECT_TRUE(start.notices.empty());
}

TEST_F(StartingProgramsTest, SeveralSeedsSpreadOverTheIslands) {
  config_.init_program_paths = {put("a.py", program_text("x = 1")), put("b.py", program_text("2")),
                                put("c.py", program_text("3"))};
  config_.init_program_path = "not looked at";
  const StartingPrograms start = gathered();
  ASSERT_EQ(start.seeds.size(), 3u);
  EXPECT_EQ(start.seeds[0].island, 0);
  EXPECT_EQ(start.seeds[1].island, 1);
  EXPECT_EQ(start.seeds[2].island, 0);
  EXPECT_THAT(start.seeds[1].summary, HasSubstr("b.py"));
}

TEST_F(StartingProgramsTest, ImportsHaveParentsOriginAndIslandsOfOurs) {
  config_.init_program_path = put("seed.py", program_text("x = 1"));
  config_.warm_start = {checkpoint({program_text("x = 2"), "x = 3\n", program_text("x = 1")})};
  const StartingPrograms start = gathered(4);
  ASSERT_EQ(start.seeds.size(), 3u);
  EXPECT_EQ(start.seeds[1].mutator, "import");
  EXPECT_EQ(start.seeds[1].island, 1);  // 5 of theirs
  EXPECT_FALSE(start.seeds[1].parent);
  EXPECT_EQ(start.seeds[2].parent, 1u);
  EXPECT_EQ(start.seeds[2].program.text(), program_text("x = 3"));  // had no markers
  EXPECT_EQ(start.seeds[2].summary, "from OpenEvolve b (gen 1, scored 1.5 there)");
  EXPECT_FALSE(start.seeds[2].trusted);
  ASSERT_EQ(start.notices.size(), 1u);
  EXPECT_THAT(start.notices[0], HasSubstr("2 of 3 programs of OpenEvolve"));
  EXPECT_THAT(start.notices[0], HasSubstr("1 here already"));
}

TEST_F(StartingProgramsTest, AnImportIsOneFileOfASeedOfSeveral) {
  put("task/main.py", program_text("x = 1"));
  put("task/data.txt", "kept");
  config_.init_program_path = (dir_.path() / "task").string();
  config_.primary_file = "main.py";
  config_.warm_start = {checkpoint({program_text("x = 2")})};
  const StartingPrograms start = gathered();
  ASSERT_EQ(start.seeds.size(), 2u);
  EXPECT_EQ(start.seeds[1].program.files().size(), 2u);
  EXPECT_EQ(start.seeds[1].program.text(), program_text("x = 2"));
}

TEST_F(StartingProgramsTest, TrustedScoresComeAlong) {
  config_.init_program_path = "";
  config_.warm_start = {checkpoint({program_text("x = 2")})};
  config_.warm_start_trust_scores = true;
  const StartingPrograms start = gathered();
  ASSERT_EQ(start.seeds.size(), 1u);
  ASSERT_TRUE(start.seeds[0].trusted);
  EXPECT_EQ(start.seeds[0].trusted->score, 1.5);
  EXPECT_EQ(start.seeds[0].trusted->public_json, R"({"combined_score":1.5})");
}

TEST_F(StartingProgramsTest, LimitsAreCheckedBeforeAnythingRuns) {
  config_.init_program_path = put("seed.py", program_text("x = 1"));
  config_.warm_start = {checkpoint({program_text("2"), program_text("3"), program_text("4")})};
  config_.num_generations = 2;
  EXPECT_THAT(failure(), HasSubstr("4 programs to start from, each of them a generation, but "
                                   "evo_config.num_generations=2"));
  config_.num_generations = 3;
  EXPECT_EQ(failure(), "");
  config_.max_evaluations = 3;
  EXPECT_THAT(failure(), HasSubstr("evo_config.max_evaluations=3"));
  config_.warm_start_top = 2;
  EXPECT_EQ(failure(), "");
}

TEST_F(StartingProgramsTest, NothingToStartFromIsAnError) {
  config_.init_program_path = "";
  EXPECT_THAT(failure(), HasSubstr("there is no seed program"));
  config_.warm_start = {checkpoint({"# EVOLVE-BLOCK-END\n"})};
  EXPECT_THAT(failure(), HasSubstr("1 with unpaired markers"));
  config_.warm_start = {(dir_.path() / "nowhere").string()};
  EXPECT_THAT(failure(), HasSubstr("nowhere"));
}

TEST(SeedRecord, ReadsBackWhatItWrote) {
  std::vector<evolve::Seed> seeds(3);
  seeds[0].program = Program("main.cpp", "caf\xe9 // no UTF-8\n");
  seeds[1].program =
      value_or_throw(Program::create({{"a.py", "1"}, {"b/c.py", "2\n7\n"}}, "b/c.py"));
  seeds[1].mutator = "import";
  seeds[1].summary = "from \"somewhere\"\n";
  seeds[1].island = 3;
  seeds[1].parent = 0;
  seeds[2].program = Program("main.cpp", "");
  seeds[2].parent = 1;
  seeds[2].trusted = {-1e308, R"({"a":1})", "{}", "well\n"};
  const auto again = value_or_throw(decode_seeds(encode_seeds(seeds)));
  ASSERT_EQ(again.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i].program, seeds[i].program);
    EXPECT_EQ(again[i].summary, seeds[i].summary);
    EXPECT_EQ(again[i].mutator, seeds[i].mutator);
    EXPECT_EQ(again[i].island, seeds[i].island);
    EXPECT_EQ(again[i].parent, seeds[i].parent);
    EXPECT_EQ(again[i].trusted.has_value(), seeds[i].trusted.has_value());
  }
  EXPECT_EQ(again[2].trusted->score, -1e308);
  EXPECT_EQ(again[2].trusted->text_feedback, "well\n");
  EXPECT_TRUE(value_or_throw(decode_seeds(encode_seeds({}))).empty());
}

TEST(SeedRecord, DamageIsAnErrorAtEveryByte) {
  std::vector<evolve::Seed> seeds(2);
  seeds[0].program = Program("main.py", "x");
  seeds[1].program = Program("main.py", "y");
  seeds[1].parent = 0;
  const std::string whole = encode_seeds(seeds);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_seeds(std::string_view(whole).substr(0, size));
    EXPECT_TRUE(!cut || cut->size() < 2) << size;
  }
  std::string later = whole;
  later.replace(later.find("\"parent\":0"), 10, "\"parent\":1");
  EXPECT_FALSE(decode_seeds(later));
}

}  // namespace
}  // namespace genesis::run
