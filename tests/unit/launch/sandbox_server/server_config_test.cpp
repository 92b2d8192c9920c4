#include "launch/sandbox_server/server_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::sandbox_server {
namespace {

using testing::HasSubstr;

TEST(ServerConfig, TlsNeedsBothFiles) {
  const TempDir folder;
  const auto path = folder.path() / "c.yaml";
  const std::string rest = "state_dir: d\nteams: [{name: a, api_keys: [e2b_0123456789]}]\n";
  const auto read = [&](const std::string& tls) {
    ServerConfig config;
    EXPECT_TRUE(write_file(path, rest + tls));
    Status status = read_config_file(path, config);
    if (status) status = complete(config);
    return status ? config.tls_certificate.string() + "+" + config.tls_key.string()
                  : status.error().message;
  };
  EXPECT_EQ(read(""), "+");
  EXPECT_EQ(read("tls: {certificate: c.pem, key: k.pem}"), "c.pem+k.pem");
  EXPECT_THAT(read("tls: {certificate: c.pem}"), HasSubstr("belong together"));
  EXPECT_THAT(read("tls: {certificat: c.pem}"), HasSubstr("certificate"));
  EXPECT_THAT(read("tls: yes"), HasSubstr("certificate and key"));
}

TEST(ServerConfig, IsReadFromYaml) {
  const TempDir folder;
  const auto path = folder.path() / "c.yaml";
  ASSERT_TRUE(write_file(path, R"(
listen: 0.0.0.0:8080
state_dir: somewhere
max_sandboxes: 7
queue_wait: 3s
max_timeout: 2h
at_stop: end
teams:
  - {name: a, api_keys: [e2b_0123456789], max_sandboxes: 5}
templates:
  - name: big
    aliases: [large]
    cpu_count: 8
    memory: 4G
    environment: {A: b}
)"));
  ServerConfig config;
  const Status read = read_config_file(path, config);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(complete(config));
  EXPECT_EQ(config.address, "0.0.0.0");
  EXPECT_EQ(config.port, 8080);
  EXPECT_EQ(config.max_timeout_s, 7200);
  EXPECT_EQ(config.at_stop, AtStop::end);
  ASSERT_EQ(config.templates.size(), 3u);
  EXPECT_EQ(config.templates[0].memory_mb, 4096);
  EXPECT_EQ(config.teams[0].max_sandboxes, 5u);
}

TEST(ServerConfig, SaysWhatIsWrong) {
  const TempDir folder;
  const auto path = folder.path() / "c.yaml";
  const auto message = [&](const char* text) {
    EXPECT_TRUE(write_file(path, text));
    ServerConfig config;
    Status read = read_config_file(path, config);
    if (read) read = complete(config);
    return read ? std::string() : read.error().message;
  };
  EXPECT_THAT(message("max_sandbox: 3"), HasSubstr("max_sandboxes"));
  EXPECT_THAT(message("max_sandboxes: 0"), HasSubstr("at least 1"));
  EXPECT_THAT(message("listen: nowhere"), HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(message("state_dir: x"), HasSubstr("--api-key"));
  EXPECT_THAT(message("teams: [{name: a, api_keys: [short]}]"), HasSubstr("too short"));
  EXPECT_THAT(message("teams: [{name: a, api_keys: [e2b_12345678]}, {name: b, api_keys: "
                      "[e2b_12345678]}]"),
              HasSubstr("another's"));
  EXPECT_THAT(message("teams: [{name: a, api_keys: [e2b_12345678]}]"), HasSubstr("--state-dir"));
  EXPECT_THAT(message("teams: [{name: a, api_keys: [e2b_12345678]}]\ntemplates: [{name: 'A B'}]"),
              HasSubstr("not a template's name"));
  EXPECT_THAT(message("teams: {"), HasSubstr("c.yaml"));
}

TEST(Listen, TakesAddressesOfBothKinds) {
  ServerConfig config;
  ASSERT_TRUE(read_listen("[::1]:80", config));
  EXPECT_EQ(config.address, "::1");
  ASSERT_TRUE(read_listen(":0", config));
  EXPECT_EQ(config.address, "127.0.0.1");
  for (const char* const wrong : {"", "1.2.3.4", "x:", "x:70000", "x:y"}) {
    EXPECT_FALSE(read_listen(wrong, config)) << wrong;
  }
}

}  // namespace
}  // namespace genesis::sandbox_server
