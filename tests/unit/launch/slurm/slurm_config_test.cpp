#include "launch/slurm/slurm_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "genesis/base/option_reader.h"

namespace genesis::launch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using slurm::Container;
using testing::HasSubstr;

slurm::SlurmBindings bound_to(const json& options, Container container = Container::none) {
  return slurm::bind_slurm_options(container, options, "job_config");
}

std::string refusal(const json& options, Container container = Container::none) {
  try {
    bound_to(options, container);
  } catch (const OptionException& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SlurmConfig, TimeInTheFormsOfSbatchAndInOurs) {
  const auto time = [](const json& written) {
    return bound_to({{"time", written}}).evaluation.limits.wall_time;
  };
  EXPECT_EQ(time("01:00:00"), 1h);
  EXPECT_EQ(time("90"), 90min) << "a plain number is minutes, as for sbatch";
  EXPECT_EQ(time(90), 90min);
  EXPECT_EQ(time("1-0"), 24h);
  EXPECT_EQ(time("1-12:30"), 36h + 30min);
  EXPECT_EQ(time("2-00:00:01"), 48h + 1s);
  EXPECT_EQ(time("10:30"), 10min + 30s);
  EXPECT_EQ(time("90s"), 90s);
  EXPECT_EQ(time(nullptr), std::nullopt);
  EXPECT_THAT(refusal({{"time", "soon"}}), HasSubstr("job_config.time"));
}

TEST(SlurmConfig, EveryOptionIsBound) {
  const auto bound = bound_to({{"partition", "a"},
                               {"account", "b"},
                               {"qos", "c"},
                               {"constraint", "d&e"},
                               {"nodelist", "n[1-3]"},
                               {"exclude", "n2"},
                               {"reservation", "r"},
                               {"gres", "gpu:h100:1"},
                               {"sbatch_args", {"--comment=it's"}},
                               {"modules", {"cuda/12.4"}},
                               {"conda_env", "x"},
                               {"cpus", 4},
                               {"gpus", 0},
                               {"mem", "2G"},
                               {"numeric_threads_per_job", 2},
                               {"slurm", {{"mode", "job"}, {"unknown_grace", "2m"}}}});
  EXPECT_EQ(bound.launcher.constraint, "d&e");
  EXPECT_EQ(bound.launcher.gres, "gpu:h100:1");
  EXPECT_EQ(bound.launcher.unknown_grace, 2min);
  EXPECT_EQ(bound.launcher.conda_env, "x");
  EXPECT_EQ(bound.evaluation.resources.cpus, 4);
  EXPECT_EQ(bound.evaluation.limits.memory_bytes, std::uint64_t{2} << 30);
}

TEST(SlurmConfig, WhatItCannotDoIsRefusedAndSaysSo) {
  for (const char* mode : {"auto"}) {
    EXPECT_THAT(refusal({{"slurm", {{"mode", mode}}}}), HasSubstr("not part of this version"));
  }
  EXPECT_THAT(refusal({{"slurm", {{"mode", "jobs"}}}}), HasSubstr("did you mean 'job'"));
  EXPECT_THAT(refusal({{"partitoin", "a"}}), HasSubstr("partition"));
  EXPECT_THAT(refusal({{"slurm", {{"unknown_grase", 1}}}}), HasSubstr("unknown_grace"));
  EXPECT_THAT(refusal({{"image", "x"}}), HasSubstr("image"));
  EXPECT_THAT(refusal({{"conda_env", "x"}}, Container::docker), HasSubstr("image brings"));
  EXPECT_THAT(refusal({{"image", ""}}, Container::docker), HasSubstr("container image"));
  EXPECT_THAT(refusal({{"image", "x"}, {"docker_flags", "-v 'a"}}, Container::docker),
              HasSubstr("not closed"));
  for (const char* flag : {"--output=x", "-o", "-ox", "--array=1-3", "--wrap=x", "-J"}) {
    EXPECT_THAT(refusal({{"sbatch_args", {flag}}}), HasSubstr("launcher's own")) << flag;
  }
  EXPECT_THAT(refusal({{"sbatch_args", {"--time=3"}}}), HasSubstr("job_config.time"));
  EXPECT_EQ(refusal({{"sbatch_args", {"--mail-type=END"}}}), "accepted");
  EXPECT_EQ(refusal({{"sbatch_args", {"--exclusive"}}}), "accepted");
}

TEST(SlurmConfig, ArraysAreAMode) {
  const auto bound = bound_to({{"slurm", {{"mode", "array"}, {"batch_window", "3s"}}}});
  EXPECT_EQ(bound.launcher.mode, slurm::Mode::array);
  EXPECT_EQ(bound.launcher.batch_window, 3s);
  EXPECT_THAT(refusal({{"batch_template", "t.sh"}, {"slurm", {{"mode", "array"}}}}),
              HasSubstr("batch_template"));
}

TEST(SlurmConfig, PilotsHaveTheirKeysWithBounds) {
  const auto bound = bound_to({{"time", 60},
                               {"slurm",
                                {{"mode", "pilot"},
                                 {"pilot_nodes", 2},
                                 {"pilot_slots", 16},
                                 {"pilot_allocations", 3},
                                 {"pilot_time", "02:00:00"},
                                 {"pilot_idle", "90s"},
                                 {"pilot_lease", "10s"},
                                 {"pilot_grace", "5s"},
                                 {"pilot_worker", "/opt/genesis"}}}});
  const slurm::PilotOptions& pilot = bound.launcher.pilot;
  EXPECT_EQ(bound.launcher.mode, slurm::Mode::pilot);
  EXPECT_EQ(pilot.nodes, 2);
  EXPECT_EQ(pilot.slots, 16);
  EXPECT_EQ(pilot.allocations, 3);
  EXPECT_EQ(pilot.time, std::chrono::hours{2});
  EXPECT_EQ(pilot.idle, std::chrono::seconds{90});
  EXPECT_EQ(pilot.lease, std::chrono::seconds{10});
  EXPECT_EQ(pilot.grace, std::chrono::seconds{5});
  EXPECT_EQ(pilot.worker, "/opt/genesis");
  EXPECT_EQ(bound.evaluation.warm, WarmStarts::when_ready) << "evaluators are warm on nodes";
  const auto pilot_with = [](const char* key, const json& value) {
    return refusal({{"slurm", {{"mode", "pilot"}, {key, value}}}});
  };
  EXPECT_THAT(pilot_with("pilot_slot", 1), HasSubstr("did you mean 'pilot_slots'"));
  EXPECT_THAT(pilot_with("pilot_nodes", 0), HasSubstr("must be from 1"));
  EXPECT_THAT(pilot_with("pilot_lease", "1s"), HasSubstr("at least 2.0 s"));
  EXPECT_THAT(pilot_with("pilot_time", "30s"), HasSubstr("must be at least"));
  // An hour is the usual limit of one evaluation.
  EXPECT_THAT(pilot_with("pilot_time", "01:00:00"), HasSubstr("needs 1h00m"));
  EXPECT_THAT(refusal({{"slurm", {{"mode", "pilots"}}}}), HasSubstr("did you mean 'pilot'"));
}

TEST(SlurmConfig, PilotsHaveSlotsForAllThatMayRun) {
  slurm::PilotOptions options;
  EXPECT_EQ(slurm::slots_per_node(options, 3), 3);
  EXPECT_EQ(slurm::most_pilots(options, 3), 1);
  EXPECT_EQ(slurm::slots_per_node(options, 100), 8);
  EXPECT_EQ(slurm::most_pilots(options, 100), 13);
  options.nodes = 2;
  EXPECT_EQ(slurm::most_pilots(options, 100), 7);
  options.slots = 64;
  EXPECT_EQ(slurm::most_pilots(options, 100), 1);
  options.allocations = 4;
  EXPECT_EQ(slurm::most_pilots(options, 100), 4);
}

TEST(SlurmConfig, AnInterpreterWithoutAFolderIsFoundOnTheNode) {
  EXPECT_FALSE(bound_to(json::object()).evaluation.interpreter_there);
  EXPECT_TRUE(bound_to({{"python_executable", "python3.12"}}).evaluation.interpreter_there);
  EXPECT_FALSE(bound_to({{"python_executable", "/opt/bin/python3"}}).evaluation.interpreter_there);
  EXPECT_TRUE(bound_to({{"image", "x"}}, Container::apptainer).evaluation.interpreter_there);
}

TEST(SlurmConfig, TheTypedFormsSayTheSame) {
  SlurmCondaJobConfig conda;
  conda.eval_program_path = "e.py";
  conda.partition = "p";
  conda.time = 90s;
  conda.conda_env = "x";
  conda.modules = {"m"};
  conda.gpus = 0;
  JobConfig config = conda;
  EXPECT_EQ(config.type, "slurm_conda");
  const auto bound = bound_to(json::parse(config.options_json));
  EXPECT_EQ(bound.evaluation.limits.wall_time, 90s);
  EXPECT_EQ(bound.evaluation.eval_program_path, "e.py");
  EXPECT_EQ(bound.launcher.partition, "p");
  EXPECT_EQ(bound.launcher.modules, std::vector<std::string>{"m"});
  SlurmDockerJobConfig docker;
  docker.docker_flags = "-v a:b";
  config = docker;
  EXPECT_EQ(bound_to(json::parse(config.options_json), Container::docker).launcher.docker_flags,
            "-v a:b");
  SlurmApptainerJobConfig apptainer;
  apptainer.image = "i.sif";
  config = apptainer;
  EXPECT_EQ(bound_to(json::parse(config.options_json), Container::apptainer).launcher.image,
            "i.sif");
  SlurmEnrootJobConfig enroot;
  enroot.image = "i.sqsh";
  config = enroot;
  EXPECT_EQ(config.type, "slurm_enroot");
}

}  // namespace
}  // namespace genesis::launch
