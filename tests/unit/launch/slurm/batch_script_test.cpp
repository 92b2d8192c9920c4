#include "launch/slurm/batch_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/exit_record.h"

namespace genesis::launch::slurm {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Exit code of `sh -c text`.
int run_shell(const std::string& text) {
  const int status = ::system(text.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const std::vector<std::string>& hostile_words() {
  static const std::vector<std::string> words{
      "",         " ",     "a b",      "'",
      "''",       "it's",  "\"",       "`id`",
      "$(id)",    "$HOME", "${x:-y}",  "a\nb",
      "\n",       "a\\",   "\\n",      "-rf",
      "--",       "*",     "?[a]",     "a;b",
      "a&b",      "a|b",   ">x",       "#x",
      "~",        "!!",    "\xc3\xbc", "\xe2\x82\xac\xf0\x9f\x98\x80",
      "\xff\xfe", "a\tb",  "\r\n",     "{}",
      "{work}x",  "%j %A", "=",
  };
  return words;
}

std::string random_word(std::uint64_t seed) {
  static const std::string letters = " '\"$`\\\n\t;&|<>(){}[]*?!#~-=%ab\xc3\xbc";
  std::string word;
  std::uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (std::size_t i = 0; i < 1 + seed % 12; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    word += letters[(state >> 33) % letters.size()];
  }
  return word;
}

TEST(ShellWord, AnyTextIsOneWordOfItself) {
  const TempDir folder("shell_word");
  const fs::path script = folder.path() / "s";
  std::string text = "set --";
  std::string expected;
  std::vector<std::string> words = hostile_words();
  for (std::uint64_t seed = 0; seed < 500; ++seed) words.push_back(random_word(seed));
  for (const std::string& word : words) {
    text += ' ' + shell_word(word);
    expected += word + '\0';
  }
  text += "\nprintf '%s\\0' \"$@\"\n";
  ASSERT_TRUE(write_file(script, text).has_value());
  for (const char* shell : {"/bin/sh", "/bin/bash"}) {
    const fs::path out = folder.path() / "out";
    ASSERT_EQ(run_shell(std::string(shell) + " " + script.string() + " >" + out.string()), 0);
    EXPECT_EQ(read_file(out).value_or("nothing"), expected) << shell;
  }
  EXPECT_EQ(shell_word(std::string_view("a\0b", 3)), "'ab'") << "no shell has zero bytes";
}

struct Scripted : testing::Test {
  void SetUp() override {
    places.folder = folder.path() / ".genesis" / "slurm";
    ASSERT_TRUE(make_directories(places.events()).has_value());
    ASSERT_TRUE(write_file(places.job_script(), kRunJobScript).has_value());
  }
  JobSpec job(const std::string& name, std::vector<std::string> argv) {
    JobSpec spec;
    spec.token = "token-" + name;
    spec.work_dir = folder.path() / name;
    spec.argv = std::move(argv);
    spec.limits.kill_grace = 500ms;
    EXPECT_TRUE(make_directories(state_folder(spec.work_dir)).has_value());
    return spec;
  }
  /// Runs the batch script as a node would; the record it leaves.
  Result<ExitRecord> run(const JobSpec& spec, const SlurmOptions& options = {}) {
    auto text = batch_script(spec, options, places, shape);
    EXPECT_TRUE(text.has_value()) << text.error().message;
    const fs::path script = state_folder(spec.work_dir) / "job.sh";
    EXPECT_TRUE(write_file(script, *text).has_value());
    const std::string log = (state_folder(spec.work_dir) / kSlurmLog).string();
    run_shell("/bin/bash " + shell_word(script.string()) + " >" + shell_word(log) + " 2>&1");
    auto record = read_file(state_folder(spec.work_dir) / kExitFile);
    if (!record) return tl::unexpected(record.error());
    return parse_exit_record(*record);
  }
  std::string text_of(const JobSpec& spec, const std::string& file) {
    return read_file(spec.work_dir / "results" / file).value_or("no " + file);
  }

  TempDir folder{"batch_script"};
  RunPlaces places;
  std::string shape;
};

TEST_F(Scripted, RunsTheCommandAndTellsItsEnd) {
  JobSpec spec = job("a", {"/bin/sh", "-c", "pwd; echo oops >&2; exit 7"});
  const auto record = run(spec);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->code, 7);
  EXPECT_EQ(record->left, 0);
  EXPECT_EQ(text_of(spec, "job_log.out"), spec.work_dir.string() + "\n");
  EXPECT_EQ(text_of(spec, "job_log.err"), "oops\n");
  const std::string mark = attempt_mark(spec.token);
  EXPECT_TRUE(fs::exists(places.events() / (mark + ".began")));
  EXPECT_TRUE(fs::exists(places.events() / (mark + ".ended")));
}

TEST_F(Scripted, HostileFoldersArgumentsAndVariablesArriveAsTheyAre) {
  const std::string name = "it's $(touch x) a\nb%j -rf";
  std::vector<std::string> argv{"/bin/sh", "-c", "printf '%s\\0' \"$VALUE\" \"$@\"", "-"};
  std::string expected = "a'b\n$(id)";
  expected += '\0';
  for (const std::string& word : hostile_words()) {
    if (word.find("{work}") != std::string::npos) continue;
    argv.push_back(word);
    expected += word + '\0';
  }
  JobSpec spec = job(name, argv);
  spec.environment["VALUE"] = "a'b\n$(id)";
  const auto record = run(spec);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->code, 0);
  EXPECT_EQ(text_of(spec, "job_log.out"), expected);
}

TEST_F(Scripted, TheTimeLimitEndsTheWholeTreeWhateverItIgnores) {
  JobSpec spec = job(
      "a",
      {"/bin/sh", "-c", "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 600' &); sleep 600"});
  spec.limits.wall_time = 300ms;
  spec.limits.kill_grace = 200ms;
  const auto record = run(spec);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_TRUE(record->timed_out);
  EXPECT_GE(record->wall, 290ms);
  EXPECT_EQ(record->left, 0);
  EXPECT_NE(run_shell("grep -lzxF GENESIS_ATTEMPT_TOKEN=" + spec.token +
                      " /proc/[0-9]*/environ 2>/dev/null | grep -q ."),
            0)
      << "something with its token is left";
}

TEST_F(Scripted, AFailedSetUpSaysWhichStep) {
  SlurmOptions options;
  options.activate_script = (folder.path() / "nowhere.sh").string();
  const JobSpec spec = job("a", {"/bin/true"});
  EXPECT_FALSE(run(spec, options).has_value());
  const auto step = read_file(state_folder(spec.work_dir) / kSetupFailedFile);
  EXPECT_THAT(step.value_or(""), HasSubstr("nowhere.sh"));
  EXPECT_TRUE(fs::exists(places.events() / (attempt_mark(spec.token) + ".ended")));
}

TEST_F(Scripted, ANodeWithoutTheFolderIsToBlameItself) {
  JobSpec spec = job("a", {"/bin/true"});
  spec.cwd = folder.path() / "not here";
  EXPECT_FALSE(run(spec).has_value());
  EXPECT_TRUE(fs::exists(state_folder(spec.work_dir) / kSetupFailedFile));
  EXPECT_THAT(read_file(state_folder(spec.work_dir) / kSlurmLog).value_or(""),
              HasSubstr("not here"));
}

TEST_F(Scripted, AnActivatedEnvironmentIsTheJobs) {
  const fs::path activate = folder.path() / "env it's.sh";
  ASSERT_TRUE(write_file(activate, "export FROM_ENV=yes PATH=\"/opt/x:$PATH\"\n").has_value());
  SlurmOptions options;
  options.activate_script = activate.string();
  const JobSpec spec = job("a", {"/bin/sh", "-c", "echo $FROM_ENV $PATH"});
  ASSERT_TRUE(run(spec, options).has_value());
  EXPECT_THAT(text_of(spec, "job_log.out"), StartsWith("yes /opt/x:"));
}

TEST_F(Scripted, AUsersTemplateIsAroundTheJob) {
  shape = "#!/bin/bash\n#SBATCH --exclusive\nexport SITE=here\n  {job}\n";
  const JobSpec spec = job("a", {"/bin/sh", "-c", "echo $SITE"});
  ASSERT_TRUE(run(spec).has_value());
  EXPECT_EQ(text_of(spec, "job_log.out"), "here\n");
  EXPECT_FALSE(batch_script(spec, {}, places, "#!/bin/bash\necho no job\n").has_value());
  EXPECT_FALSE(batch_script(spec, {}, places, "{job}\n").has_value()) << "no #! line";
}

/// A stand-in for the container's program: it writes its arguments, and runs what follows the
/// image.
TEST_F(Scripted, ContainersAreCalledWithFoldersVariablesAndImage) {
  const fs::path bin = folder.path() / "bin";
  ASSERT_TRUE(make_directories(bin).has_value());
  for (const char* name : {"docker", "apptainer", "enroot"}) {
    ASSERT_TRUE(write_file(bin / name,
                           "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done\n"
                           "[ \"$1\" != image ] || exit 0\n"
                           "while [ \"$1\" != the/image:1 ]; do shift || exit 1; done\n"
                           "shift\nexec \"$@\"\n")
                    .has_value());
    fs::permissions(bin / name, fs::perms::owner_all);
  }
  const fs::path activate = folder.path() / "path.sh";
  for (const auto& [container, name, bind] :
       {std::tuple{Container::docker, "docker", "-v"},
        std::tuple{Container::apptainer, "apptainer", "--bind"},
        std::tuple{Container::enroot, "enroot", "--mount"}}) {
    SlurmOptions options;
    options.container = container;
    options.image = "the/image:1";
    options.docker_flags = "--shm-size '8 g'";
    shape = "#!/bin/bash\nexport PATH=" + shell_word(bin.string()) + ":$PATH\n{job}\n";
    JobSpec spec = job(name, {"/bin/sh", "-c", "echo inside"});
    spec.resources.gpus = 1;
    const auto record = run(spec, options);
    ASSERT_TRUE(record.has_value()) << name;
    EXPECT_EQ(record->code, 0) << text_of(spec, "job_log.err");
    const std::string log = text_of(spec, "job_log.out");
    EXPECT_THAT(log, HasSubstr(std::string(bind) + "\n" + spec.work_dir.string())) << name;
    EXPECT_THAT(log, HasSubstr("--shm-size\n8 g\nthe/image:1\n/bin/sh\n")) << name;
    EXPECT_THAT(log, testing::EndsWith("inside\n")) << name;
  }
}

TEST(SbatchCommand, SaysWhatTheJobNeedsAndNothingElse) {
  JobSpec spec;
  spec.work_dir = "/runs/100%j";
  spec.limits.wall_time = 61s;
  spec.limits.memory_bytes = (std::uint64_t{8} << 30) + 1;
  spec.resources.cpus = 4;
  SlurmOptions options;
  options.partition = "a3,aisci";
  options.sbatch_args = {"--exclusive=user"};
  const auto words = sbatch_command(spec, options, "genesis-a-b", "/runs/job.sh");
  EXPECT_THAT(words, Contains("--time=2"));
  EXPECT_THAT(words, Contains("--mem=8193M"));
  EXPECT_THAT(words, Contains("--cpus-per-task=4"));
  EXPECT_THAT(words, Contains("--partition=a3,aisci"));
  EXPECT_THAT(words, Contains("--exclusive=user"));
  EXPECT_THAT(words, Contains("--output=/runs/100%%j/.slurm/slurm.log"));
  EXPECT_EQ(words.back(), "/runs/job.sh");
  EXPECT_THAT(words, Not(Contains(StartsWith("--gres"))));
  EXPECT_THAT(words, Not(Contains(StartsWith("--account"))));
  spec.resources.gpus = 2;
  EXPECT_THAT(sbatch_command(spec, options, "n", "s"), Contains("--gres=gpu:2"));
  options.gres = "gpu:a100:1";
  EXPECT_THAT(sbatch_command(spec, options, "n", "s"), Contains("--gres=gpu:a100:1"));
}

TEST(JobName, FindsAnAttemptAndNothingElse) {
  const std::string prefix = job_name_prefix("a run");
  const std::string mark = attempt_mark("a token");
  EXPECT_EQ(mark_of(prefix + mark, prefix), mark);
  EXPECT_EQ(mark_of(prefix + mark + "x", prefix), "");
  EXPECT_EQ(mark_of(job_name_prefix("another run") + mark, prefix), "");
  EXPECT_EQ(mark_of(prefix + "../../../../etc/pass", prefix), "");
}

}  // namespace
}  // namespace genesis::launch::slurm
