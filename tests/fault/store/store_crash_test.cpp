// A writer killed at every side effect of store and lock, five times each: what was told stays, no
// half of anything is left, nothing is recorded twice, and the end is that of an undisturbed run.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <limits>

#include "genesis/base/files.h"
#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/store/run_store.h"

namespace genesis::store {
namespace {

using ::testing::UnorderedElementsAreArray;

constexpr int kPrograms = 40;

std::vector<std::string> known_points(bool network) {
  std::vector<std::string> points = {
      "lock.acquire.before", "lock.acquire.locked", "lock.acquire.after",   "lock.release.before",
      "lock.release.after",  "store.commit.before", "store.commit.written", "store.commit.after",
      "store.fence.before",  "store.fence.after",   "store.migrate.before", "store.migrate.after"};
  if (network) {
    for (const char* point :
         {"store.snapshot.before", "store.snapshot.copied", "store.snapshot.after"}) {
      points.push_back(point);
    }
  }
  return points;
}

class StoreCrash : public ::testing::TestWithParam<bool> {
 protected:
  /// The worker's wait status.
  int run_worker(const fs::path& run_dir, const std::string& failpoint) {
    const std::string program = (executable_path().parent_path() / "store_worker").string();
    const std::string folder = run_dir.string();
    const std::string count = std::to_string(kPrograms);
    const std::string environment = "GENESIS_FAILPOINT=" + failpoint;
    std::vector<const char*> argv = {program.c_str(), folder.c_str(), count.c_str()};
    if (GetParam()) argv.push_back("network");
    argv.push_back(nullptr);
    const char* envp[] = {environment.c_str(), nullptr};
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr,
                            const_cast<char* const*>(argv.data()), const_cast<char* const*>(envp)),
              0);
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }

  static std::vector<std::int64_t> witnessed(const fs::path& run_dir) {
    std::vector<std::int64_t> ids;
    const auto text = read_file(run_dir / "witness");
    if (!text) return ids;
    for (const std::string_view line : split_lines(*text)) {
      std::from_chars(line.data(), line.data() + line.size(), ids.emplace_back());
    }
    return ids;
  }

  void expect_sound(const fs::path& run_dir) {
    if (!fs::exists(run_dir / "run.sqlite")) return;
    StoreOptions options;
    options.file = run_dir / "run.sqlite";
    options.network_file_system = GetParam();
    options.fence = std::numeric_limits<std::int64_t>::max() / 2;
    // As its own copy, so that the fence of the looker stays out of the run.
    const TempDir copy;
    for (const char* suffix : {"", "-wal", "-journal"}) {
      std::error_code absent;
      fs::copy_file(options.file.string() + suffix, (copy.path() / "run.sqlite").string() + suffix,
                    absent);
    }
    options.file = copy.path() / "run.sqlite";
    const auto store = value_or_throw(RunStore::open(std::move(options)));
    const LoadedRun run = value_or_throw(store->load());
    std::int64_t programs = 0;
    ASSERT_TRUE(store->for_each_program([&](const ProgramRecord& program) {
      EXPECT_EQ(program.generation, programs++);
      return true;
    }));
    for (std::int64_t id = 0; id < programs; ++id) {
      EXPECT_EQ(store->source(id)->key(), store->program(id)->program_key);
    }
    for (const std::int64_t id : witnessed(run_dir)) EXPECT_LT(id, programs);
    const auto pending = static_cast<std::int64_t>(run.pending.size());
    const std::int64_t all = programs + pending;
    EXPECT_EQ(
        run.counters,
        (Counters{.proposals = all, .evaluations = all, .attempts = all, .programs = programs}));
    std::int64_t moves = 0;
    ASSERT_TRUE(store->for_each_move([&](const MoveRecord&) { ++moves; }));
    EXPECT_EQ(moves, programs);
    EXPECT_EQ(store->state("learnt").value_or("-1"), std::to_string(programs - 1));
    for (const PendingEvaluation& one : run.pending) {
      EXPECT_EQ(one.attempts.size(), 1u);
      EXPECT_TRUE(Program::decode(one.proposal.candidate));
    }
  }

  static std::string dump(const fs::path& run_dir) {
    const auto reader = value_or_throw(StoreReader::open(run_dir / "run.sqlite"));
    return value_or_throw(reader->canonical_dump());
  }
};

TEST_P(StoreCrash, TheTestKnowsEveryFailpoint) {
  const TempDir dir;
  const fs::path list = dir.path() / "points";
  ASSERT_EQ(run_worker(dir.path() / "run", "list:" + list.string()), 0);
  const std::string text = read_file(list).value();
  std::vector<std::string> passed;
  for (const std::string_view line : split_lines(text)) passed.emplace_back(line);
  EXPECT_THAT(passed, UnorderedElementsAreArray(known_points(GetParam())));
}

TEST_P(StoreCrash, KilledAtEverySideEffectFiveTimes) {
  const TempDir dir;
  const fs::path undisturbed = dir.path() / "undisturbed";
  ASSERT_EQ(run_worker(undisturbed, ""), 0);
  const std::string wanted = dump(undisturbed);
  for (const std::string& point : known_points(GetParam())) {
    SCOPED_TRACE(point);
    // Points that a process passes often are met at different passes; others at the first.
    const bool often = point.starts_with("store.commit");
    const bool creating = point.starts_with("store.migrate");
    fs::path run_dir = dir.path() / point;
    for (int kill = 1; kill <= 5; ++kill) {
      if (creating) run_dir = dir.path() / fmt::format("{}-{}", point, kill);
      const int status = run_worker(run_dir, fmt::format("{}:{}", point, often ? 2 * kill - 1 : 1));
      ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "kill " << kill;
      expect_sound(run_dir);
    }
    ASSERT_EQ(run_worker(run_dir, ""), 0);
    expect_sound(run_dir);
    EXPECT_EQ(dump(run_dir), wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(Journals, StoreCrash, ::testing::Values(false, true),
                         [](const auto& mode) { return mode.param ? "Rollback" : "Wal"; });

}  // namespace
}  // namespace genesis::store
