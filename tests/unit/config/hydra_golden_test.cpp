// Holds our composition to what the real Hydra answered: tests/golden/record_hydra.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/config/composer.h"
#include "genesis/config/interpolation.h"
#include "genesis/config/yaml_dump.h"

namespace genesis::config {
namespace {

using nlohmann::json;
constexpr std::int64_t kFrozen = 1795216025123;  // 2026-11-20T23:07:05.123Z, as recorded

fs::path golden_folder() {
  return fs::path(GENESIS_SOURCE_DIR) / "tests/golden/hydra";
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t i = text.find(from); i != std::string::npos;
       i = text.find(from, i + to.size())) {
    text.replace(i, from.size(), to);
  }
  return text;
}

/// Hydra's exception names in our classes.
std::string expected_class(const std::string& python) {
  static const std::map<std::string, std::string> kClasses = {
      {"OverrideParseException", "override_syntax"},
      {"MissingConfigException", "missing_config"},
      {"ConstructorError", "yaml"},
      {"ScannerError", "yaml"},
      {"ParserError", "yaml"},
      {"ComposerError", "yaml"},
      {"ReaderError", "yaml"},
      {"InterpolationKeyError", "interpolation_key"},
      {"InterpolationToMissingValueError", "interpolation_to_missing"},
      {"UnsupportedInterpolationType", "unsupported_interpolation"},
      {"InterpolationResolutionError", "interpolation"},
      {"RecursionError", "interpolation"},
  };
  const auto it = kClasses.find(python);
  return it == kClasses.end() ? "composition" : it->second;
}

std::string class_name(Reject reject) {
  switch (reject) {
    case Reject::override_syntax:
      return "override_syntax";
    case Reject::missing_config:
      return "missing_config";
    case Reject::composition:
      return "composition";
    case Reject::yaml:
      return "yaml";
    case Reject::interpolation:
      return "interpolation";
    case Reject::interpolation_key:
      return "interpolation_key";
    case Reject::interpolation_to_missing:
      return "interpolation_to_missing";
    case Reject::unsupported_interpolation:
      return "unsupported_interpolation";
  }
  return "?";
}

std::string hydra_part(const Node& tree) {
  const Node& hydra = *tree.find("hydra");
  NodePtr keep = Node::make_map();
  for (const char* key : {"mode", "run", "sweep", "output_subdir", "overrides", "verbose"}) {
    keep->set(std::string(key), hydra.find(key)->clone());
  }
  NodePtr choices = Node::make_map();
  for (const Node::Entry& entry : hydra.find("runtime")->find("choices")->entries()) {
    if (python_str(entry.key).rfind("hydra/", 0) == 0) continue;
    choices->set(entry.key, entry.value->clone());
  }
  keep->set(std::string("choices"), std::move(choices));
  keep->set(std::string("job"), hydra.find("job")->clone());
  return dump_yaml(*keep);
}

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
  request.now_unix_millis = kFrozen;
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
      Resolver resolver(composed.tree.get(), kFrozen);
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
    if (expected == actual) continue;
    std::size_t same = 0;
    while (same < expected.size() && same < actual.size() && expected[same] == actual[same]) ++same;
    const std::size_t line = same == 0 ? 0 : expected.rfind('\n', same - 1) + 1;
    return std::string(key) + "\n--- Hydra\n" + expected.substr(line, 300) + "\n--- ours\n" +
           actual.substr(std::min(line, actual.size()), 300) + "\n" +
           (ours.contains("message") ? "message: " + ours.at("message").get<std::string>() : "");
  }
  return {};
}

struct Tally {
  int cases = 0;
  int composed = 0;
  int mismatches = 0;
};

Tally run_cases(const std::string& file) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  std::ifstream in(golden_folder() / file);
  std::ifstream fixtures_in(golden_folder() / "fixtures.json");
  const json fixtures = json::parse(fixtures_in);
  const char* only = std::getenv("GOLDEN_CASE");
  Tally tally;
  std::string line;
  while (std::getline(in, line)) {
    const json entry = json::parse(line);
    if (only != nullptr && std::to_string(tally.cases) != only) {
      ++tally.cases;
      continue;
    }
    const TempDir folder("hydra-golden");
    const json& files = entry.contains("fixture")
                            ? fixtures.at(entry.at("fixture").get<std::string>())
                            : entry.at("files");
    for (const auto& [name, text] : files.items()) {
      const fs::path path = folder.path() / name;
      EXPECT_TRUE(make_directories(path.parent_path()));
      EXPECT_TRUE(
          write_file(path, replace_all(text.get<std::string>(), "@ROOT@", folder.path().string())));
    }
    const json env = entry.value("env", json::object());
    for (const auto& [name, value] : env.items()) {
      ::setenv(name.c_str(), value.get<std::string>().c_str(), 1);
    }
    const std::string problem = difference(entry, answer(entry, folder.path()));
    for (const auto& [name, value] : env.items()) ::unsetenv(name.c_str());
    if (!entry.contains("rejects")) ++tally.composed;
    if (!problem.empty() && ++tally.mismatches <= 40) {
      std::string shown;
      if (only != nullptr)
        for (const auto& [name, text] : files.items()) {
          shown += "# " + name + "\n" + text.get<std::string>() + "\n";
        }
      ADD_FAILURE() << file << " case " << tally.cases << " " << entry.at("overrides").dump()
                    << "\ndiffers in " << problem << "\n(GOLDEN_CASE=number shows the files)\n"
                    << shown;
    }
    ++tally.cases;
  }
  return tally;
}

TEST(HydraGolden, ChosenCases) {
  const Tally tally = run_cases("chosen.jsonl");
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 300);
  EXPECT_GE(tally.composed, 150);
}

TEST(HydraGolden, RandomCases) {
  const Tally tally = run_cases("random.jsonl");
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 2000);
  EXPECT_GE(tally.composed, 800);
}

}  // namespace
}  // namespace genesis::config
