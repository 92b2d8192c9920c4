// Limits, environment and leases as a job sees them, with and without cgroups.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

#include "genesis/process/cgroup.h"
#include "tests/unit/launch/local/launcher_fixture.h"

namespace genesis::launch {
namespace {

using std::chrono::milliseconds;

class LimitsTest : public LocalLauncherFixture {
 protected:
  void open_without_cgroups() {
    LocalOptions options;
    options.use_cgroups = false;
    open(1, options);
  }
  JobSpec python(const std::string& token, const std::string& program) {
    JobSpec spec = shell(token, "");
    spec.argv = {"python3", "-c", program};
    return spec;
  }
};

constexpr const char* kEatMemory =
    "import os\nkept = []\nwhile True: kept.append(os.urandom(1 << 20))";

TEST_F(LimitsTest, MemoryByCgroupIsOutOfMemory) {
  if (!process::find_cgroups().limits_memory()) GTEST_SKIP() << "no memory controller here";
  open(1);
  JobSpec spec = python("t1", kEatMemory);
  spec.limits.memory_bytes = 64u << 20;
  spec.limits.wall_time = std::chrono::seconds{60};
  launcher->submit(spec);
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.kind, JobOutcomeKind::out_of_memory) << describe(outcome);
  EXPECT_GE(outcome.peak_memory_bytes, 60u << 20);
  // The slot's group is used again, without a limit.
  launcher->submit(python("t2", "x = bytearray(100 << 20); x[::4096] = b'1' * len(x[::4096])"));
  EXPECT_EQ(outcome_of("t2").exit_code, 0) << describe(finished["t2"].outcome);
}

TEST_F(LimitsTest, MemoryWithoutCgroupMakesAllocationsFail) {
  open_without_cgroups();
  JobSpec spec = python("t1", kEatMemory);
  spec.limits.memory_bytes = 64u << 20;
  spec.limits.wall_time = std::chrono::seconds{60};
  launcher->submit(spec);
  const JobOutcome outcome = outcome_of("t1");
  ASSERT_EQ(outcome.kind, JobOutcomeKind::exited) << describe(outcome);
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_NE(read_file(folder.path() / "t1/results/job_log.err").value().find("MemoryError"),
            std::string::npos);
}

TEST_F(LimitsTest, ProcessesByCgroup) {
  if (!process::find_cgroups().limits_processes()) GTEST_SKIP() << "no pids controller here";
  open(1);
  JobSpec spec = python("t1",
                        "import os, sys\n"
                        "made = 0\n"
                        "try:\n"
                        "  for i in range(50):\n"
                        "    if os.fork() == 0:\n"
                        "      import time; time.sleep(100)\n"
                        "    made += 1\n"
                        "except BlockingIOError: pass\n"
                        "sys.exit(made)");
  spec.limits.processes = 8;
  launcher->submit(spec);
  EXPECT_EQ(outcome_of("t1").exit_code, 7);
}

TEST_F(LimitsTest, CpuTimeIsATimeout) {
  open(1);
  JobSpec spec = shell("t1", "while :; do :; done");
  spec.limits.cpu_time = milliseconds{900};
  launcher->submit(spec);
  EXPECT_EQ(outcome_of("t1").kind, JobOutcomeKind::timeout);
  // The kernel ends it by clock ticks, which on a busy machine run ahead of the time it had.
  EXPECT_GE(finished["t1"].outcome.cpu, milliseconds{500});
}

TEST_F(LimitsTest, FileSize) {
  open(1);
  JobSpec spec = shell("t1", "exec head -c 100000 /dev/zero > big");
  spec.limits.file_bytes = 4096;
  launcher->submit(spec);
  const JobOutcome outcome = outcome_of("t1");
  EXPECT_EQ(outcome.signal, SIGXFSZ) << describe(outcome);
  EXPECT_EQ(fs::file_size(folder.path() / "t1/big"), 4096u);
}

TEST_F(LimitsTest, TheEnvironmentIsScrubbedAndCompleted) {
  ::setenv("SOME_API_KEY", "sesame", 1);
  ::setenv("ORDINARY_SETTING", "5", 1);
  LocalOptions options;
  options.env_passthrough = {"*"};
  options.numeric_threads_per_job = 3;
  open(1, options);
  JobSpec spec = shell("t1", "env");
  spec.environment = {{"MINE", "{results}/x"}};
  launcher->submit(spec);
  outcome_of("t1");
  ::unsetenv("SOME_API_KEY");
  ::unsetenv("ORDINARY_SETTING");
  const std::string seen = "\n" + log_of("t1");
  EXPECT_EQ(seen.find("sesame"), std::string::npos);
  for (const std::string& line :
       {std::string("ORDINARY_SETTING=5"), std::string("OMP_NUM_THREADS=3"),
        std::string("PYTHONUNBUFFERED=1"), std::string("GENESIS_ATTEMPT_TOKEN=t1"),
        "MINE=" + (folder.path() / "t1/results/x").string()}) {
    EXPECT_NE(seen.find("\n" + line + "\n"), std::string::npos) << line;
  }
}

TEST_F(LimitsTest, GpusAreLeasedAndMissingOnesRefused) {
  LocalOptions options;
  options.gpu_ids = {"4", "7"};
  open(2, options);
  for (const char* token : {"t1", "t2"}) {
    JobSpec spec = shell(token, "echo $CUDA_VISIBLE_DEVICES; read line < gate");
    spec.resources.gpus = 1;
    fs::create_directories(spec.work_dir);
    ASSERT_EQ(std::system(("mkfifo " + (spec.work_dir / "gate").string()).c_str()), 0);
    launcher->submit(spec);
  }
  JobSpec third = shell("t3", "echo $CUDA_VISIBLE_DEVICES");
  third.resources.gpus = 3;
  ASSERT_TRUE(run_until([&] { return log_of("t1") == "4\n" && log_of("t2") == "7\n"; }));
  launcher->cancel("t1");
  launcher->cancel("t2");
  launcher->submit(third);
  EXPECT_EQ(outcome_of("t3").kind, JobOutcomeKind::backend_error);
  EXPECT_NE(finished["t3"].outcome.detail.find("GPU"), std::string::npos);
}

TEST_F(LimitsTest, PinnedJobsSeeOnlyTheirProcessors) {
  LocalOptions options;
  options.pin_cpus = true;
  open(1, options);
  launcher->submit(shell("t1", "grep -c '^Cpus_allowed_list:[^-,]*$' /proc/self/status"));
  outcome_of("t1");
  EXPECT_EQ(log_of("t1"), "1\n");
}

}  // namespace
}  // namespace genesis::launch
