// Holds our composition to what the real Hydra answered: tests/golden/record_hydra.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "genesis/config/composer.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/yaml_dump.h"
#include "recorded_hydra.h"

namespace genesis::config {
namespace {

using nlohmann::json;

/// Our answer in the form of the recording.
json answer(const json& entry, const fs::path& root) {
  ComposeRequest request;
  request.config_name = entry.value("config", "config");
  request.config_dirs.push_back(root / "main");
  for (const json& extra : entry.value("dirs", json::array())) {
    request.config_dirs.push_back(root / extra.get<std::string>());
  }
  for (const json& text : entry.at("overrides")) {
    request.overrides.push_back(replace_all(text.get<std::string>(), "@ROOT@", root.string()));
  }
  request.hydra_values["job.name"] = "app";
  request.now_unix_millis = kRecordedTime;
  json result = json::object();
  try {
    const ComposedTree composed = compose_tree(request);
    NodePtr job = composed.tree->clone();
    job->erase("hydra");
    const auto clean = [&root](const std::string& text) {
      return replace_all(text, root.string(), "@ROOT@");
    };
    result["yaml"] = clean(dump_yaml(*job));
    if (entry.contains("with_hydra")) result["hydra"] = clean(hydra_part(*composed.tree));
    try {
      Resolver resolver(composed.tree.get(), kRecordedTime);
      const std::string resolved = clean(dump_yaml(*resolver.resolve(*job, true)));
      if (resolved != result["yaml"].get<std::string>()) result["resolved"] = resolved;
    } catch (const ConfigError& error) {
      result["unresolvable"] = class_name(error.reject());
      result["message"] = error.what();
    }
  } catch (const ConfigError& error) {
    result["rejects"] = class_name(error.reject());
    result["message"] = error.what();
  }
  return result;
}

/// Empty when our answer is Hydra's; else a description.
std::string difference(const json& entry, const json& ours) {
  for (const char* key : {"rejects", "unresolvable", "yaml", "resolved", "hydra"}) {
    const bool error_class = std::string(key) == "rejects" || std::string(key) == "unresolvable";
    std::string expected = entry.contains(key) ? entry.at(key).get<std::string>() : "(nothing)";
    if (error_class && entry.contains(key)) expected = expected_class(expected);
    // Python ran out of stack on defaults lists that include each other.
    if (std::string(key) == "rejects" && expected == "interpolation") expected = "composition";
    const std::string actual = ours.contains(key) ? ours.at(key).get<std::string>() : "(nothing)";
    const std::string found = text_difference(key, expected, actual);
    if (!found.empty()) return found + ours.value("message", "");
  }
  return {};
}

Tally run_cases(const std::string& file) {
  return run_recorded(file, "fixtures.json", [](const json& entry, const fs::path& root) {
    return difference(entry, answer(entry, root));
  });
}

TEST(HydraGolden, ChosenCases) {
  const Tally tally = run_cases("chosen.jsonl");
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 300);
  EXPECT_GE(tally.answered, 150);
}

TEST(HydraGolden, RandomCases) {
  const Tally tally = run_cases("random.jsonl");
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 2000);
  EXPECT_GE(tally.answered, 800);
}

}  // namespace
}  // namespace genesis::config
