#include "launch/slurm/worker_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

JobSpec full_spec() {
  JobSpec spec;
  spec.key = {12, 1, 2, 3};
  spec.token = "t-1";
  spec.argv = {"python3", "-c", "print('\n')", "\xff\xfe"};
  InputFile inline_file;
  inline_file.path = "a/main.py";
  inline_file.content = std::string("zero \0 and \xc3\x28", 13);
  InputFile copied;
  copied.path = "b";
  copied.copy_of = "/data/b";
  spec.inputs = {inline_file, copied};
  spec.environment = {{"A", "1"}, {"B", "\xff"}};
  spec.work_dir = "/runs/a b";
  spec.cwd = "/runs";
  spec.outputs = {"metrics.json", "*.txt"};
  spec.limits.wall_time = 1500ms;
  spec.limits.cpu_time = 2s;
  spec.limits.memory_bytes = 1ull << 40;
  spec.limits.processes = 7;
  spec.limits.file_bytes = 9;
  spec.limits.kill_grace = 250ms;
  spec.resources.cpus = 4;
  spec.resources.gpus = 2;
  WarmStart warm;
  warm.scan = {"/x.py"};
  warm.evaluator = "e";
  spec.warm = warm;
  return spec;
}

TEST(WorkerMessages, AJobArrivesAsItWasSent) {
  const JobSpec sent = full_spec();
  const std::string line = encode(ToWorker(SubmitToWorker{sent}));
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
  auto message = parse_to_worker(line);
  ASSERT_TRUE(message) << message.error().message;
  const JobSpec& got = std::get<SubmitToWorker>(*message).spec;
  EXPECT_EQ(got.key, sent.key);
  EXPECT_EQ(got.token, sent.token);
  EXPECT_EQ(got.argv, sent.argv);
  ASSERT_EQ(got.inputs.size(), 2u);
  EXPECT_EQ(got.inputs[0].path, "a/main.py");
  EXPECT_EQ(got.inputs[0].content, sent.inputs[0].content);
  EXPECT_EQ(got.inputs[1].copy_of, sent.inputs[1].copy_of);
  EXPECT_EQ(got.environment, sent.environment);
  EXPECT_EQ(got.work_dir, sent.work_dir);
  EXPECT_EQ(got.cwd, sent.cwd);
  EXPECT_EQ(got.outputs, sent.outputs);
  EXPECT_EQ(got.limits.wall_time, sent.limits.wall_time);
  EXPECT_EQ(got.limits.cpu_time, sent.limits.cpu_time);
  EXPECT_EQ(got.limits.memory_bytes, sent.limits.memory_bytes);
  EXPECT_EQ(got.limits.processes, sent.limits.processes);
  EXPECT_EQ(got.limits.file_bytes, sent.limits.file_bytes);
  EXPECT_EQ(got.limits.kill_grace, sent.limits.kill_grace);
  EXPECT_EQ(got.resources.cpus, 4);
  EXPECT_EQ(got.resources.gpus, 2);
  ASSERT_TRUE(got.warm);
  EXPECT_EQ(got.warm->scan, sent.warm->scan);
  EXPECT_EQ(got.warm->evaluator, "e");
}

TEST(WorkerMessages, AnEndArrivesAsItWasSent) {
  WorkerEnded sent;
  sent.token = "t";
  sent.outcome.kind = JobOutcomeKind::signalled;
  sent.outcome.signal = 11;
  sent.outcome.detail = "why";
  sent.outcome.wall = 12ms;
  sent.outcome.cpu = 3ms;
  sent.outcome.peak_memory_bytes = 1u << 30;
  const std::string line = encode(FromWorker(sent));
  for (const auto& got :
       {std::get<WorkerEnded>(*parse_from_worker(line)), *parse_end_record(line)}) {
    EXPECT_EQ(got.token, "t");
    EXPECT_EQ(got.outcome.kind, sent.outcome.kind);
    EXPECT_EQ(got.outcome.signal, 11);
    EXPECT_EQ(got.outcome.detail, "why");
    EXPECT_EQ(got.outcome.wall, 12ms);
    EXPECT_EQ(got.outcome.cpu, 3ms);
    EXPECT_EQ(got.outcome.peak_memory_bytes, 1u << 30);
  }
  EXPECT_FALSE(parse_end_record(encode(FromWorker(WorkerStarted{"t"}))));
}

TEST(WorkerMessages, TheOthersToo) {
  WorkerSetup setup;
  setup.run_id = "r";
  setup.folder = "/f";
  setup.slots = 3;
  setup.cpus = 2;
  setup.lease = 9s;
  setup.grace = 0s;
  setup.warm = WarmStarts::always;
  setup.activate_script = "/a.sh";
  setup.env_passthrough = {"X_*"};
  setup.numeric_threads = 5;
  const auto hello = std::get<WorkerSetup>(*parse_to_worker(encode(ToWorker(setup))));
  EXPECT_EQ(hello.run_id, "r");
  EXPECT_EQ(hello.folder, "/f");
  EXPECT_EQ(hello.slots, 3);
  EXPECT_EQ(hello.cpus, 2);
  EXPECT_EQ(hello.lease, 9s);
  EXPECT_EQ(hello.grace, 0s);
  EXPECT_EQ(hello.warm, WarmStarts::always);
  EXPECT_EQ(hello.activate_script, "/a.sh");
  EXPECT_EQ(hello.env_passthrough, setup.env_passthrough);
  EXPECT_EQ(hello.numeric_threads, 5);
  const auto ready =
      std::get<WorkerReady>(*parse_from_worker(encode(FromWorker(WorkerReady{"n1", "12", "0"}))));
  EXPECT_EQ(ready.host + ready.job + ready.step, "n1120");
  EXPECT_EQ(std::get<CancelInWorker>(*parse_to_worker(encode(ToWorker(CancelInWorker{"c"})))).token,
            "c");
  EXPECT_EQ(
      std::get<TakeBackFromWorker>(*parse_to_worker(encode(ToWorker(TakeBackFromWorker{"b"}))))
          .token,
      "b");
  EXPECT_EQ(std::get<Bye>(*parse_from_worker(encode(FromWorker(Bye{"so"})))).reason, "so");
  EXPECT_EQ(std::get<WorkerNotice>(*parse_from_worker(encode(FromWorker(WorkerNotice{"n"})))).text,
            "n");
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(*parse_to_worker(encode(ToWorker(Heartbeat())))));
  EXPECT_TRUE(
      std::holds_alternative<Heartbeat>(*parse_from_worker(encode(FromWorker(Heartbeat())))));
}

TEST(WorkerMessages, AnotherVersionIsToldAsSuch) {
  WorkerSetup setup;
  setup.folder = "/f";
  std::string line = encode(ToWorker(setup));
  line.replace(line.find("\"v\":1"), 5, "\"v\":2");
  const auto message = parse_to_worker(line);
  ASSERT_FALSE(message);
  EXPECT_THAT(message.error().message, HasSubstr("speaks version 2, this program 1"));
}

TEST(WorkerMessages, WhatIsNoneIsRefusedWithAReason) {
  for (const char* line :
       {"", "{", "[]", "12", "{}", R"({"is":7})", R"({"is":"what"})", R"({"is":"cancel"})",
        R"({"is":"cancel","token":3})", R"({"is":"cancel","token":{"b64":"!"}})",
        R"({"is":"submit","job":[]})", R"({"is":"hello","v":1})", R"({"is":"hello","v":"1"})",
        R"({"is":"hello","v":99999999999999999999})"}) {
    const auto message = parse_to_worker(line);
    ASSERT_FALSE(message) << line;
    EXPECT_EQ(message.error().kind, ErrorKind::parse);
    EXPECT_THAT(message.error().message, HasSubstr("read a runner's line: "));
  }
  for (const char* line : {R"({"is":"submit"})", R"({"is":"ended","token":"t"})",
                           R"({"is":"ended","token":"t","outcome":{"kind":"good"}})"}) {
    EXPECT_FALSE(parse_from_worker(line)) << line;
  }
}

TEST(WorkerMessages, WhatIsOutOfRangeIsRefused) {
  const std::string line = encode(ToWorker(SubmitToWorker{full_spec()}));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = line;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return parse_to_worker(changed.replace(at, from.size(), to));
  };
  ASSERT_TRUE(with("\"cpus\":4", "\"cpus\":5"));
  EXPECT_FALSE(with("\"cpus\":4", "\"cpus\":0"));
  EXPECT_FALSE(with("\"cpus\":4", "\"cpus\":4.5"));
  EXPECT_FALSE(with("\"gpus\":2", "\"gpus\":-1"));
  EXPECT_FALSE(with("\"wall_ms\":1500", "\"wall_ms\":18446744073709551615"));
  EXPECT_FALSE(with("/runs/a b", "runs"));
  EXPECT_FALSE(with("/runs/a b", "/runs\\u0000/a"));
  EXPECT_FALSE(with("[12,1,2,3]", "[12,1,2]"));
  EXPECT_FALSE(with("[12,1,2,3]", "[12,1,2,\"3\"]"));
}

}  // namespace
}  // namespace genesis::launch::slurm
