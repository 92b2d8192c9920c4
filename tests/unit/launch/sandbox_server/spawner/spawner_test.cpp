#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genesis/base/files.h"
#include "launch/sandbox_server/envd/agent_options.h"
#include "launch/sandbox_server/spawner/agent_settings.h"
#include "launch/sandbox_server/spawner/listeners.h"
#include "launch/sandbox_server/spawner/remove_folder.h"

namespace genesis::sandbox_server {
namespace {

TEST(AgentSettings, AreWhatTheAgentReads) {
  SandboxSpec spec;
  spec.id = "abc";
  spec.access_token = "secret";
  spec.template_name = "base";
  spec.environment = {{"A", "1"}, {"E2B_SANDBOX_ID", "forged"}};
  SandboxLimits enforced;
  enforced.memory_bytes = 1u << 30;
  envd::SandboxPlan plan;
  plan.root = "/state/abc/root";
  plan.host_name = "abc";
  plan.report_fd = 5;
  plan.layers.push_back({"/usr", "/own:/usr", "/state/abc/upper/usr", "/state/abc/work/usr"});
  envd::SkeletonEntry file;
  file.kind = envd::SkeletonEntry::Kind::file;
  file.path = "own/.bashrc";
  file.mode = 0640;
  file.owner = 1001;
  file.content = "gr\xfc\xdf dich\n";  // Not UTF-8.
  plan.skeleton.push_back(file);
  const auto read = envd::parse_settings(agent_settings(spec, enforced, plan, 3));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->listen_fd, 3);
  EXPECT_EQ(read->access_token, "secret");
  EXPECT_EQ(read->default_user, "user");
  EXPECT_EQ(read->environment.at("A"), "1");
  EXPECT_EQ(read->reserved.at("E2B_SANDBOX_ID"), "abc");
  EXPECT_EQ(read->reserved.at("E2B_TEMPLATE_ID"), "base");
  EXPECT_EQ(read->memory_bytes, 1u << 30);
  EXPECT_FALSE(read->one_identity);
  ASSERT_TRUE(read->enter);
  EXPECT_EQ(read->enter->root, plan.root);
  EXPECT_EQ(read->enter->layers.at(0).lower, "/own:/usr");
  const envd::SkeletonEntry& entry = read->enter->skeleton.at(0);
  EXPECT_EQ(entry.kind, file.kind);
  EXPECT_EQ(entry.path, file.path);
  EXPECT_EQ(entry.mode, file.mode);
  EXPECT_EQ(entry.owner, file.owner);
  EXPECT_EQ(entry.content, file.content);
  EXPECT_EQ(read->enter->layers.at(0).upper, "/state/abc/upper/usr");
  EXPECT_EQ(read->enter->report_fd, 5);
}

TEST(AgentOptions, OfTheCommandLine) {
  const char* good[] = {"genesis-envd", "--listen", "127.0.0.1:1234", "--default-user", "u"};
  const auto options = envd::parse_options(5, good);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->port, 1234);
  EXPECT_EQ(options->default_user, "u");
  for (const char* bad : {"127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", ""}) {
    const char* arguments[] = {"genesis-envd", "--listen", bad};
    EXPECT_FALSE(envd::parse_options(3, arguments)) << bad;
  }
  const char* unknown[] = {"genesis-envd", "--what", "x"};
  EXPECT_FALSE(envd::parse_options(3, unknown));
  const char* no_value[] = {"genesis-envd", "--listen"};
  EXPECT_FALSE(envd::parse_options(2, no_value));
  const char* no_file[] = {"genesis-envd", "--token-file", "/not/there"};
  EXPECT_FALSE(envd::parse_options(3, no_file));
}

TEST(Listeners, AreReadFromTheKernelsTable) {
  const std::string table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "111 1 0 100 0 0 10 0\n"
      "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 "
      "222 1 0 20 4 30 10 -1\n"
      "   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  1000        0 333 1 0 100 0 0 10 0\n"
      "   3: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "444 1 0 100 0 0 10 0\nbroken\n";
  EXPECT_THAT(listening_inodes(table, 8080), testing::ElementsAre(111u, 333u));
  EXPECT_THAT(listening_inodes(table, 8081), testing::ElementsAre(444u));
  EXPECT_TRUE(listening_inodes(table, 1).empty());
}

TEST(RemoveFolder, LinksAreNotFollowedAndClosedFoldersGo) {
  TempDir place;
  const fs::path folder = place.path() / "sandbox";
  const fs::path outside = place.path() / "outside";
  ASSERT_TRUE(make_directories(folder / "a/b/c"));
  ASSERT_TRUE(make_directories(outside));
  ASSERT_TRUE(write_file(outside / "kept", "x"));
  ASSERT_TRUE(write_file(folder / "a/file", "x"));
  fs::create_symlink(outside, folder / "a/link");
  ASSERT_EQ(::chmod((folder / "a/b").c_str(), 0), 0);
  const Status removed = remove_folder(folder);
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_TRUE(fs::exists(outside / "kept"));
  EXPECT_TRUE(remove_folder(folder)) << "a missing one is success";
}

}  // namespace
}  // namespace genesis::sandbox_server
