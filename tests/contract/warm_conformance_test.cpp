// Each evaluator of tests/contract/warm runs cold and as a clone of a fork server; outcome, exit,
// logs and files must agree. Those that cannot be forked say so in their first comment
// ("# cold: reason") and must be refused with that reason.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <regex>
#include <set>

#include "evaluators/command_planner.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/process/proc_fs.h"
#include "launch/local/local_launcher.h"

namespace genesis::launch {
namespace {

const fs::path kEvaluators = fs::path(GENESIS_SOURCE_DIR) / "tests/contract/warm";

struct Ended {
  JobOutcome outcome;
  std::string ref;
  std::map<std::string, std::string> files;  ///< Below the work folder.
};

struct Launched {
  std::vector<Ended> jobs;
  std::string notice;
};

std::string text_of(const std::string& name) {
  return read_file(kEvaluators / (name + ".py")).value();
}

/// The word after "# key: " in an evaluator's comments.
std::string remark(const std::string& text, const std::string& key) {
  const auto at = text.find("# " + key + ": ");
  if (at == std::string::npos) return {};
  const auto start = at + key.size() + 4;
  return text.substr(start, text.find('\n', start) - start);
}

/// Python's own variations: addresses, numbers of processes and threads, this run's folder.
std::string normalized(std::string text, const fs::path& work_dir) {
  for (auto at = text.find(work_dir.string()); at != std::string::npos;
       at = text.find(work_dir.string())) {
    text.replace(at, work_dir.string().size(), "WORK");
  }
  text = std::regex_replace(text, std::regex("0x[0-9a-f]+"), "0xADDRESS");
  return text;
}

/// Root may look into every process; most people's runners may not, and fork servers do not let
/// them.
void see_as_ordinary_people_do() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  ASSERT_EQ(::syscall(SYS_capget, &header, sets), 0);
  sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= ~CAP_TO_MASK(CAP_SYS_PTRACE);
  ASSERT_EQ(::syscall(SYS_capset, &header, sets), 0);
}

class WarmConformance : public testing::TestWithParam<std::string> {
 protected:
  WarmConformance() { see_as_ordinary_people_do(); }

  JobSpec spec(const std::string& name, const fs::path& work_dir, int serial) {
    const std::string text = text_of(name);
    JobSpec spec;
    spec.key.evaluation = serial;
    spec.token = name + "-" + std::to_string(serial);
    spec.work_dir = work_dir;
    spec.cwd = dir_.path();
    spec.inputs.push_back({"main.py", "value = 1\n", std::nullopt});
    spec.argv = {python_,          (kEvaluators / (name + ".py")).string(),
                 "--program_path", "{work}/main.py",
                 "--results_dir",  "{results}"};
    spec.environment = {{"GREETING", "hello world"},
                        {"HERE", dir_.path().string()},
                        {"SECRET_TOKEN", "only for jobs"},
                        {"PYTHONPATH", (kEvaluators / "site-packages").string()},
                        {"PYTHONDONTWRITEBYTECODE", "1"}};
    spec.limits.wall_time = std::chrono::seconds{60};
    spec.limits.kill_grace = std::chrono::milliseconds{100};
    const std::string limit = remark(text, "limit");
    if (limit == "memory") spec.limits.memory_bytes = std::uint64_t{1} << 30;
    if (limit == "processes") spec.limits.processes = 400;
    if (limit == "time") spec.limits.wall_time = std::chrono::milliseconds{1500};
    spec.warm = WarmStart{};
    return spec;
  }

  Launched launch(const std::string& name, WarmStarts mode, int count) {
    boost::asio::io_context io(1);
    LauncherContext context;
    context.io = &io;
    context.run_id = run_id_;
    context.max_parallel_jobs = 2;
    LocalOptions options;
    options.warm = mode;
    options.numeric_threads_per_job = remark(text_of(name), "threads") == "2" ? 2 : 1;
    auto launcher = value_or_throw(make_local_launcher(options, context));
    Launched launched;
    std::map<std::string, Ended> ended;
    std::map<std::string, std::string> refs;
    EXPECT_TRUE(launcher->open([&](Event event) {
      if (auto* accepted = std::get_if<Accepted>(&event))
        refs[accepted->token] = accepted->ref.text;
      if (auto* capacity = std::get_if<Capacity>(&event); capacity && !capacity->reason.empty()) {
        launched.notice = capacity->reason;
      }
      if (auto* finished = std::get_if<Finished>(&event)) {
        Ended& job = ended[finished->token];
        job.outcome = finished->outcome;
        job.ref = refs[finished->token];
      }
    }));
    const fs::path root = dir_.path() / (mode == WarmStarts::never ? "cold" : "warm");
    for (int i = 0; i < count; ++i) {
      launcher->submit(spec(name, root / std::to_string(i), i));
    }
    while (ended.size() < static_cast<std::size_t>(count)) io.run_one();
    bool closed = false;
    launcher->close(std::chrono::seconds{5}, [&] { closed = true; });
    io.restart();
    while (!closed) io.run_one();
    for (int i = 0; i < count; ++i) {
      Ended job = ended[name + "-" + std::to_string(i)];
      const fs::path work_dir = root / std::to_string(i);
      for (const auto& entry : fs::recursive_directory_iterator(work_dir)) {
        if (!entry.is_regular_file()) continue;
        job.files[fs::relative(entry.path(), work_dir).string()] =
            normalized(read_file(entry.path()).value(), work_dir);
      }
      launched.jobs.push_back(std::move(job));
    }
    return launched;
  }

  TempDir dir_{"genesis-warm"};
  std::string run_id_ = "conformance-" + std::to_string(::getpid());
  std::string python_ = value_or_throw(evaluators::find_python(""));
};

TEST_P(WarmConformance, EndsAsItDoesCold) {
  const std::string text = text_of(GetParam());
  const std::string must_stay_cold = remark(text, "cold");
  const Launched cold = launch(GetParam(), WarmStarts::never, 1);
  // The third runs in a server that has made clones before.
  const Launched warm = launch(GetParam(), WarmStarts::always, 3);
  EXPECT_EQ(cold.notice, "");
  if (must_stay_cold.empty()) {
    EXPECT_EQ(warm.notice, "");
  } else {
    EXPECT_NE(warm.notice.find(must_stay_cold), std::string::npos) << warm.notice;
  }
  const Ended& expected = cold.jobs[0];
  std::set<std::string> outputs;
  for (const Ended& job : warm.jobs) {
    EXPECT_EQ(job.ref.ends_with(" warm"), must_stay_cold.empty()) << job.ref;
    if (expected.outcome.kind != JobOutcomeKind::timeout) {  // that one tells how long it took
      EXPECT_EQ(describe(job.outcome), describe(expected.outcome)) << job.outcome.detail;
    }
    EXPECT_EQ(job.outcome.kind, expected.outcome.kind);
    EXPECT_EQ(job.outcome.exit_code, expected.outcome.exit_code);
    EXPECT_EQ(job.outcome.signal, expected.outcome.signal);
    outputs.insert(job.files.at("results/job_log.out"));
    if (text.find("differs\n") != std::string::npos) continue;
    EXPECT_EQ(job.files, expected.files);
  }
  if (text.find("differs\n") != std::string::npos) {
    EXPECT_EQ(outputs.size(), 3u);
  }
  // Nothing is left behind: neither servers nor what jobs started.
  for (const pid_t pid : process::all_processes()) {
    const std::string environment = process::read_environment(pid);
    EXPECT_NE(process::environment_value(environment, "GENESIS_RUN_ID"), run_id_) << pid;
  }
}

std::vector<std::string> evaluator_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kEvaluators)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".py" && !name.starts_with("beside_")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Evaluators, WarmConformance, testing::ValuesIn(evaluator_names()),
                         [](const auto& evaluator) { return evaluator.param; });

}  // namespace
}  // namespace genesis::launch
