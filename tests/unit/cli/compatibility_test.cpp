// docs/compatibility.md, row by row, against what binding does with each key of the Python systems.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/base/option_reader.h"
#include "genesis/base/text.h"
#include "genesis/run/evolution_run.h"
#include "launch/registry.h"

namespace genesis::cli {
namespace {

using nlohmann::json;

/// section → key → status, as the page's tables have it.
std::map<std::string, std::map<std::string, std::string>> documented() {
  const std::string page =
      value_or_throw(read_file(fs::path(GENESIS_SOURCE_DIR) / "docs/compatibility.md"));
  std::map<std::string, std::map<std::string, std::string>> tables;
  std::string section;
  for (const std::string_view line : split_lines(page)) {
    if (line.starts_with("## ")) {
      section = line.substr(3);
      std::erase(section, '`');
      if (section == "Top level") section = "top";
    }
    const auto cells = split(line, '|');
    if (cells.size() < 4) continue;
    std::string key(trim(cells[1]));
    if (key.size() < 3 || key.front() != '`' || key.back() != '`') continue;
    tables[section][key.substr(1, key.size() - 2)] = std::string(trim(cells[2]));
  }
  return tables;
}

json base_config(const std::string& section) {
  json config{{"evo_config", json::object()}, {"output_dir", "results/x"}};
  if (section.ends_with("JobConfig")) config["job_config"] = {{"_target_", "x." + section}};
  return config;
}

/// What binding makes of one key: refused, inert or accepted.
std::string status_of(const std::string& section, const std::string& key, const json& value) {
  json config = base_config(section);
  std::string full = section + "." + key;
  if (section == "top") {
    config[key] = value;
    full = key;
  } else if (section.ends_with("JobConfig")) {
    config["job_config"][key] = value;
    full = "job_config." + key;
  } else {
    config[section][key] = value;
  }
  try {
    for (const run::InertSetting& inert : run::bind_run_spec(config).inert) {
      if (inert.key == full) return "inert";
    }
  } catch (const OptionException& refused) {
    return std::string("refused: ") + refused.what();
  }
  return "accepted";
}

class CompatibilityPage : public testing::Test {
 protected:
  CompatibilityPage()
      : tables_(documented()),
        keys_(json::parse(value_or_throw(
            read_file(fs::path(GENESIS_SOURCE_DIR) / "tests/golden/presets/keys.json")))) {
    launch::register_builtin_backends();
  }
  std::map<std::string, std::map<std::string, std::string>> tables_;
  json keys_;  // section → key → a value of theirs that asks for something
};

TEST_F(CompatibilityPage, HasARowForEveryKeyOfTheirsAndNoOther) {
  for (const auto& [section, keys] : keys_.items()) {
    for (const auto& [key, unused] : keys.items()) {
      EXPECT_EQ(tables_[section].count(key), 1u) << section << "." << key;
    }
    EXPECT_EQ(tables_[section].size(), keys.size()) << section;
  }
}

TEST_F(CompatibilityPage, SaysWhatBindingDoes) {
  for (const auto& [section, keys] : keys_.items()) {
    for (const auto& [key, value] : keys.items()) {
      const std::string word = tables_[section][key];
      const std::string found = status_of(section, key, value);
      // Inert unless the evaluator is eval_hydra.py: see the row.
      if (key == "evaluate_function") {
        EXPECT_EQ(found, "inert");
        continue;
      }
      const bool used = word == "same" || word == "changed";
      EXPECT_EQ(used ? "accepted" : word, found) << section << "." << key;
    }
  }
}

TEST_F(CompatibilityPage, NamesEveryInertKeyThatIsKnown) {
  for (const run::KnownInert& known : run::known_inert_settings()) {
    const std::string section = known.section.empty() ? "top" : std::string(known.section);
    EXPECT_EQ(tables_[section][std::string(known.key)], "inert") << section << "." << known.key;
    for (const json& nothing : {json(), json(false), json::array(), json::object()}) {
      EXPECT_TRUE(run::asks_for_nothing(nothing));
    }
    if (known.quiet.empty()) continue;
    EXPECT_EQ(status_of(section, std::string(known.key), json::parse(known.quiet)), "accepted");
  }
}

}  // namespace
}  // namespace genesis::cli
