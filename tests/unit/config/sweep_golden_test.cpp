// Holds our sweeps and --info to what the real Hydra did: tests/golden/record_hydra_sweeps.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "genesis/config/config_info.h"
#include "genesis/config/multirun.h"
#include "genesis/config/yaml_load.h"
#include "recorded_hydra.h"

namespace genesis::config {
namespace {

using nlohmann::json;

/// The working folder of a recorded case.
class InFolder {
 public:
  explicit InFolder(const fs::path& folder) : before_(fs::current_path()) {
    fs::create_directories(folder);
    fs::current_path(folder);
  }
  ~InFolder() { fs::current_path(before_); }

 private:
  fs::path before_;
};

ComposeRequest request_of(const json& entry, const fs::path& root) {
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
  return request;
}

std::string text_of(const Result<std::string>& result) {
  return result ? *result : "error: " + result.error().message;
}

/// The hydra part and a node of it, read back from what we would write.
std::string written_hydra(const Composition& composed) {
  return hydra_part(*load_yaml(text_of(composed.yaml(ConfigPart::hydra, false)), "hydra.yaml"));
}

json job_answer(const Multirun& plan, const SweepJob& job, bool in_full) {
  const Composition composed = plan.compose_job_or_throw(job, {});
  json result{{"overrides", composed.task_overrides()},
              {"dir", text_of(composed.text_value("hydra.runtime.output_dir"))}};
  if (!in_full) return result;
  result["config"] = text_of(composed.yaml(ConfigPart::job, false));
  result["hydra"] = written_hydra(composed);
  return result;
}

json sweep_answer(const json& entry, const fs::path& root) {
  const InFolder inside(root / "cwd");
  try {
    ComposeRequest request = request_of(entry, root);
    if (decide_run_mode(request, entry.at("m").get<bool>()) == RunMode::run) {
      compose_or_throw(request);
      return {{"mode", "RUN"}};
    }
    const Multirun plan = Multirun::plan_or_throw(request);
    json result{{"mode", "MULTIRUN"}};
    result["dir"] = plan.sweep_dir_or_throw().string();
    result["multirun"] = written_hydra(plan.own());
    result["sweeper"] = text_of(plan.own().yaml(ConfigPart::all, false, "hydra.sweeper"));
    result["multirun_job"] = text_of(plan.own().yaml(ConfigPart::job, false));
    std::vector<json> jobs;
    for (const SweepJob& job : plan.jobs()) {
      const json& recorded = entry.value("jobs", json::array());
      jobs.push_back(job_answer(
          plan, job, job.number < recorded.size() && recorded[job.number].contains("config")));
    }
    if (entry.contains("shuffled")) {
      for (json& job : jobs) job = {{"overrides", job["overrides"]}};
      std::sort(jobs.begin(), jobs.end(),
                [](const json& a, const json& b) { return a.dump() < b.dump(); });
    }
    result["jobs"] = jobs;
    return result;
  } catch (const ConfigError& error) {
    return {{"rejects", class_name(error.reject())}, {"message", error.what()}};
  }
}

std::string shown(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(1);
}

/// Empty when our answer is Hydra's; else a description.
std::string difference(const json& entry, const json& ours, const fs::path& root) {
  for (const char* key :
       {"rejects", "mode", "dir", "jobs", "multirun", "sweeper", "multirun_job", "text"}) {
    std::string expected = entry.contains(key) ? shown(entry.at(key)) : "(nothing)";
    if (std::string(key) == "rejects" && entry.contains(key)) expected = expected_class(expected);
    if (std::string(key) == "sweeper") expected = "# @package hydra.sweeper\n" + expected;
    if (std::string(key) == "sweeper" && !entry.contains(key)) expected = "(nothing)";
    if (std::string(key) == "jobs" && entry.contains(key) && entry.contains("shuffled")) {
      auto sorted = entry.at(key).get<std::vector<json>>();
      std::sort(sorted.begin(), sorted.end(),
                [](const json& a, const json& b) { return a.dump() < b.dump(); });
      expected = shown(sorted);
    }
    const std::string actual = ours.contains(key)
                                   ? replace_all(shown(ours.at(key)), root.string(), "@ROOT@")
                                   : "(nothing)";
    const std::string found = text_difference(key, expected, actual);
    if (!found.empty()) return found + ours.value("message", "");
  }
  return {};
}

TEST(HydraGolden, Sweeps) {
  const Tally tally = run_recorded("sweeps.jsonl", "sweep_fixtures.json",
                                   [](const json& entry, const fs::path& root) {
                                     return difference(entry, sweep_answer(entry, root), root);
                                   });
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 500);
  EXPECT_GE(tally.answered, 350);
}

json info_answer(const json& entry, const fs::path& root) {
  const InFolder inside(root / "cwd");
  const auto kind = entry.at("info").get<std::string>();
  try {
    const std::string text = config_info_or_throw(
        request_of(entry, root), kind == "defaults"        ? InfoKind::defaults
                                 : kind == "defaults-tree" ? InfoKind::defaults_tree
                                                           : InfoKind::config);
    return {{"text", text}};
  } catch (const ConfigError& error) {
    return {{"rejects", class_name(error.reject())}, {"message", error.what()}};
  }
}

/// The search path names what only Hydra has (pkg://, structured://): its section is left out.
std::string without_search_path(const std::string& text) {
  const std::size_t end = text.find("\nDefaults Tree\n");
  return text.rfind("\nConfig search path\n", 0) == 0 && end != std::string::npos ? text.substr(end)
                                                                                  : text;
}

TEST(HydraGolden, Info) {
  const Tally tally = run_recorded(
      "info.jsonl", "sweep_fixtures.json", [](const json& recorded, const fs::path& root) {
        json entry = recorded;
        json ours = info_answer(entry, root);
        for (json* text : {&entry, &ours}) {
          if (text->contains("text")) (*text)["text"] = without_search_path(shown((*text)["text"]));
        }
        return difference(entry, ours, root);
      });
  EXPECT_EQ(tally.mismatches, 0);
  EXPECT_GE(tally.cases, 80);
  EXPECT_GE(tally.answered, 60);
}

TEST(ConfigInfo, ShowsTheSearchPath) {
  const TempDir folder("config-info");
  ASSERT_TRUE(make_directories(folder.path() / "main"));
  ASSERT_TRUE(make_directories(folder.path() / "more"));
  ASSERT_TRUE(write_file(folder.path() / "main/config.yaml", "x: 1\n"));
  ComposeRequest request;
  request.config_dirs = {folder.path() / "main", folder.path() / "more"};
  const auto text = config_info(request, InfoKind::searchpath);
  ASSERT_TRUE(text) << text.error().message;
  const std::string path = folder.path().string();
  const std::string rule(19 + path.size() + 12, '-');
  const auto padded = [width = path.size() + 12](std::string cell) {
    cell.resize(width, ' ');
    return cell;
  };
  EXPECT_EQ(*text, "\nConfig search path\n******************\n| Provider     | " +
                       padded("Search path") + " |\n" + rule + "\n| hydra        | " +
                       padded("builtin://hydra.conf") + " |\n| main         | " +
                       padded("file://" + path + "/main") + " |\n| command-line | " +
                       padded("file://" + path + "/more") + " |\n" + rule + "\n");
}

}  // namespace
}  // namespace genesis::config
