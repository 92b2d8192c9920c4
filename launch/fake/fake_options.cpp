#include "launch/fake/fake_options.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launch/common_options.h"

namespace genesis::launch {

namespace {

using nlohmann::json;

void read_fate(OptionReader& reader, FakeFate& fate) {
  reader.read("accept_delay", fate.accept_delay);
  reader.read("refs", fate.refs);
  if (fate.refs.empty()) reader.fail("refs", "must name at least one part, such as token");
  reader.read("ref_delay", fate.ref_delay);
  reader.read("start_delay", fate.start_delay);
  reader.read("run_time", fate.run_time);
  reader.read("jitter", fate.jitter);
  if (!(fate.jitter >= 0 && fate.jitter <= 1)) reader.fail("jitter", "must be from 0 to 1");
  reader.read("cancel_delay", fate.cancel_delay);
  reader.read("never_ends", fate.never_ends);
  std::string outcome(to_string(fate.outcome));
  reader.read("outcome", outcome);
  const auto kind = job_outcome_from(outcome);
  if (!kind) {
    reader.fail("outcome", fmt::format("'{}' is not an outcome; one of exited, signalled, timeout, "
                                       "out_of_memory, cancelled, lost, backend_error",
                                       outcome));
  }
  fate.outcome = *kind;
  reader.read("exit_code", fate.exit_code);
  reader.read("signal", fate.signal);
  reader.read("detail", fate.detail);
  reader.read("files", fate.files);
}

std::string item_path(const std::string& path, std::string_view list, std::size_t index) {
  return fmt::format("{}{}{}[{}]", path, path.empty() ? "" : ".", list, index);
}

json read_list(OptionReader& reader, std::string_view key) {
  json list = json::array();
  reader.read(key, list);
  if (list.is_null()) return json::array();
  if (!list.is_array()) reader.fail(key, "expected a list of mappings");
  return list;
}

FakeRule read_rule(const json& item, const std::string& path) {
  OptionReader reader(item, path);
  FakeRule rule;
  reader.read("from", rule.from);
  reader.read("to", rule.to);
  reader.read("every", rule.every);
  if (rule.every && *rule.every < 1) reader.fail("every", "must be 1 or more");
  reader.read("evaluation", rule.evaluation);
  reader.read("stage", rule.stage);
  reader.read("repeat", rule.repeat);
  reader.read("attempt", rule.attempt);
  reader.read("argument", rule.argument);
  reader.read("probability", rule.probability);
  if (!(rule.probability >= 0 && rule.probability <= 1)) {
    reader.fail("probability", "must be from 0 to 1");
  }
  FakeFate checked;
  read_fate(reader, checked);
  reader.finish();
  rule.fate_json = item.is_null() ? "{}" : item.dump();
  return rule;
}

FakeCapacityStep read_capacity_step(const json& item, const std::string& path) {
  OptionReader reader(item, path);
  FakeCapacityStep step;
  reader.read("at", step.at);
  reader.require("slots");
  reader.read("slots", step.slots);
  if (step.slots < 0) reader.fail("slots", "must be 0 or more");
  reader.read("reason", step.reason);
  reader.finish();
  return step;
}

}  // namespace

FakeOptions read_fake_options(const json& options, const std::string& option_path) {
  OptionReader reader(options, option_path);
  FakeOptions result;
  result.common = read_common_options(reader);
  read_fate(reader, result.fate);
  const json rules = read_list(reader, "rules");
  for (std::size_t index = 0; index < rules.size(); ++index) {
    result.rules.push_back(read_rule(rules[index], item_path(option_path, "rules", index)));
  }
  const json capacity = read_list(reader, "capacity");
  for (std::size_t index = 0; index < capacity.size(); ++index) {
    result.capacity.push_back(
        read_capacity_step(capacity[index], item_path(option_path, "capacity", index)));
  }
  reader.read("slots", result.slots);
  if (result.slots < 0) reader.fail("slots", "must be 0 (as many as max_parallel_jobs) or more");
  reader.read("seed", result.seed);
  reader.read_enum("reattach", result.reattach,
                   {{"running", FakeReattach::running},
                    {"finished", FakeReattach::finished},
                    {"gone", FakeReattach::gone}});
  reader.read("reattach_by_token", result.reattach_by_token);
  reader.read("effects_outside_machine", result.effects_outside_machine);
  reader.read("prepares_ahead", result.prepares_ahead);
  reader.read("results_in_folder", result.results_in_folder);
  reader.read("target", result.target);
  reader.finish();
  return result;
}

FakeFate changed_fate(FakeFate fate, const std::string& fate_json) {
  const json changes = json::parse(fate_json);
  OptionReader reader(changes, "rules");
  read_fate(reader, fate);
  return fate;
}

}  // namespace genesis::launch
