#include "recorded_hydra.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>

#include "genesis/config/yaml_dump.h"

namespace genesis::config {

using nlohmann::json;

fs::path recorded_folder() {
  return fs::path(GENESIS_SOURCE_DIR) / "tests/golden/hydra";
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t i = text.find(from); i != std::string::npos;
       i = text.find(from, i + to.size())) {
    text.replace(i, from.size(), to);
  }
  return text;
}

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

std::string text_difference(const std::string& what, const std::string& hydra,
                            const std::string& ours) {
  if (hydra == ours) return {};
  std::size_t same = 0;
  while (same < hydra.size() && same < ours.size() && hydra[same] == ours[same]) ++same;
  const std::size_t line = same == 0 ? 0 : hydra.rfind('\n', same - 1) + 1;
  return what + "\n--- Hydra\n" + hydra.substr(line, 300) + "\n--- ours\n" +
         ours.substr(std::min(line, ours.size()), 300) + "\n";
}

Tally run_recorded(const std::string& file, const std::string& fixtures,
                   const std::function<std::string(const json&, const fs::path&)>& difference) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  std::ifstream in(recorded_folder() / file);
  std::ifstream fixtures_in(recorded_folder() / fixtures);
  const json all_fixtures = json::parse(fixtures_in);
  const char* only = std::getenv("GOLDEN_CASE");
  Tally tally;
  for (std::string line; std::getline(in, line); ++tally.cases) {
    if (only != nullptr && std::to_string(tally.cases) != only) continue;
    const json entry = json::parse(line);
    const TempDir folder("hydra-golden");
    const json& files = entry.contains("fixture")
                            ? all_fixtures.at(entry.at("fixture").get<std::string>())
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
    const std::string problem = difference(entry, folder.path());
    for (const auto& [name, value] : env.items()) ::unsetenv(name.c_str());
    if (!entry.contains("rejects")) ++tally.answered;
    if (problem.empty() || ++tally.mismatches > 40) continue;
    std::string shown;
    if (only != nullptr) {
      for (const auto& [name, text] : files.items()) {
        shown += "# " + name + "\n" + text.get<std::string>() + "\n";
      }
    }
    ADD_FAILURE() << file << " case " << tally.cases << " " << entry.at("overrides").dump()
                  << "\ndiffers in " << problem << "\n(GOLDEN_CASE=number shows the files)\n"
                  << shown;
  }
  return tally;
}

}  // namespace genesis::config
