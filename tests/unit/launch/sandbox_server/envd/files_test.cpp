// What is done with real files in a folder of the test's own; and what downloads ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "genesis/base/files.h"
#include "launch/sandbox_server/envd/download.h"
#include "launch/sandbox_server/envd/file_metadata.h"
#include "launch/sandbox_server/envd/file_operations.h"
#include "launch/sandbox_server/envd/folder_watch.h"
#include "launch/sandbox_server/envd/upload.h"

namespace genesis::envd {
namespace {

using testing::ElementsAre;

class Files : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, std::string_view content = "x") {
    ASSERT_TRUE(write_file(at(name), content));
  }
  TempDir folder_;
  Accounts accounts_{"me:x:" + std::to_string(::geteuid()) + ":1::/home/me:/bin/sh\n",
                     "us:x:" + std::to_string(::getegid()) + ":\n"};
  Owner nobody_;
};

TEST_F(Files, AnEntrySaysWhatLstatSays) {
  write("f", "12345");
  ASSERT_EQ(::chmod(at("f").c_str(), 0640), 0);
  const auto entry = file_entry(at("f"), accounts_);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->size, 5u);
  EXPECT_EQ(entry->mode, 0640u);
  EXPECT_EQ(entry->permissions, "-rw-r-----");
  EXPECT_EQ(entry->owner, "me");
  EXPECT_EQ(entry->group, "us");
  ASSERT_EQ(::symlink("f", at("link").c_str()), 0);
  ASSERT_EQ(::symlink("gone", at("dangling").c_str()), 0);
  const auto link = file_entry(at("link"), accounts_);
  EXPECT_TRUE(link->is_symlink);
  EXPECT_EQ(link->type, FileType::file);
  EXPECT_EQ(link->mode, 0640u);
  EXPECT_EQ(link->permissions, "Lrwxrwxrwx");
  EXPECT_EQ(link->symlink_target, fs::canonical(at("f")).string());
  const auto dangling = file_entry(at("dangling"), accounts_);
  EXPECT_EQ(dangling->type, FileType::unspecified);
  EXPECT_EQ(dangling->symlink_target, at("dangling"));
  EXPECT_EQ(file_entry(at("no"), accounts_).error().code, RpcCode::not_found);
}

TEST_F(Files, PermissionsAreInGosLetters) {
  EXPECT_EQ(permissions_text(S_IFDIR | 0755), "drwxr-xr-x");
  EXPECT_EQ(permissions_text(S_IFDIR | S_ISVTX | 0777), "dtrwxrwxrwx");
  EXPECT_EQ(permissions_text(S_IFREG | S_ISUID | 0755), "urwxr-xr-x");
}

TEST_F(Files, FoldersAreMadeOnce) {
  EXPECT_TRUE(make_folder(at("a/b/c"), nobody_, accounts_));
  EXPECT_EQ(make_folder(at("a/b"), nobody_, accounts_).error().code, RpcCode::already_exists);
  write("f");
  EXPECT_EQ(make_folder(at("f"), nobody_, accounts_).error().code, RpcCode::invalid_argument);
  EXPECT_EQ(make_folder(at("f/x"), nobody_, accounts_).error().code, RpcCode::invalid_argument);
}

TEST_F(Files, ListsInOrderAndDepth) {
  for (const char* name : {"z", "b/y", "b/c/deep", "a"}) {
    ASSERT_TRUE(make_directories(fs::path(at(name)).parent_path()));
    write(name);
  }
  ASSERT_EQ(::symlink("b", at("link").c_str()), 0);
  const auto names = [this](std::uint32_t depth) {
    std::vector<std::string> found;
    const auto listed = list_folder(folder_.path().string() + "/", depth, accounts_);
    for (const auto& entry : listed.value()) {
      found.push_back(entry.path.substr(folder_.path().string().size() + 1));
    }
    return found;
  };
  EXPECT_THAT(names(1), ElementsAre("a", "b", "link", "z"));
  EXPECT_THAT(names(2), ElementsAre("a", "b", "b/c", "b/y", "link", "z"));
  EXPECT_THAT(names(9), ElementsAre("a", "b", "b/c", "b/c/deep", "b/y", "link", "z"));
  EXPECT_EQ(list_folder(at("a"), 1, accounts_).error().code, RpcCode::invalid_argument);
  EXPECT_EQ(list_folder(at("no"), 1, accounts_).error().code, RpcCode::not_found);
  ASSERT_EQ(::symlink("loop", at("loop").c_str()), 0);
  EXPECT_EQ(list_folder(at("loop"), 1, accounts_).error().code, RpcCode::failed_precondition);
}

TEST_F(Files, MoveAndRemove) {
  write("f", "content");
  EXPECT_EQ(move_entry(at("f"), at("new/g"), nobody_, accounts_)->path, at("new/g"));
  EXPECT_EQ(move_entry(at("f"), at("h"), nobody_, accounts_).error().code, RpcCode::not_found);
  EXPECT_TRUE(remove_tree(at("new")));
  EXPECT_TRUE(remove_tree(at("new")));
  EXPECT_FALSE(fs::exists(at("new")));
}

TEST_F(Files, ComposeKeepsSourcesThatCannotBeUsed) {
  write("a", "1");
  write("b", "2");
  EXPECT_FALSE(compose_files({at("a"), at("no")}, at("c"), nobody_));
  EXPECT_FALSE(compose_files({at("a"), at("b")}, at("b"), nobody_)) << "source and destination";
  EXPECT_EQ(read_file(at("b")).value(), "2");
  EXPECT_TRUE(compose_files({at("a"), at("b")}, at("c"), nobody_));
  EXPECT_EQ(read_file(at("c")).value(), "12");
  EXPECT_FALSE(fs::exists(at("a")));
}

TEST_F(Files, UploadsOfSeveralParts) {
  const auto locate = [this](const std::string& name) -> RpcResult<std::string> {
    return at(name);
  };
  const auto part = [](const std::string& name, const std::string& data) {
    return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
           "\"\r\n\r\n" + data + "\r\n";
  };
  MultipartUpload upload("b", locate, nobody_, {});
  EXPECT_TRUE(upload.feed(part("x/1", "one") + part("2", "") + "--b--\r\n"));
  const auto written = upload.finish();
  ASSERT_TRUE(written);
  EXPECT_EQ((*written)[0].path, at("x/1"));
  EXPECT_EQ(read_file(at("x/1")).value(), "one");
  EXPECT_EQ(read_file(at("2")).value(), "");
  MultipartUpload twice("b", locate, nobody_, {});
  const auto refused = twice.feed(part("1", "a") + part("./1", "b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400);
  MultipartUpload torn("b", locate, nobody_, {});
  EXPECT_TRUE(torn.feed(part("1", "a")));
  EXPECT_EQ(torn.finish().error().status, 400);
}

TEST_F(Files, MetadataOfHeaders) {
  EXPECT_THAT(metadata_of_headers({{"X-Metadata-Key", "a"}, {"x-metadata-key", "b"}, {"Host", "x"}})
                  .value(),
              ElementsAre(testing::Pair("key", "a")));
  EXPECT_FALSE(metadata_of_headers({{"X-Metadata-", "a"}}));
  EXPECT_FALSE(metadata_of_headers({{"X-Metadata-a", "\xc3\xbc"}}));
  EXPECT_FALSE(metadata_of_headers({{"X-Metadata-" + std::string(247, 'k'), "a"}}));
  EXPECT_TRUE(metadata_of_headers({{"X-Metadata-" + std::string(246, 'k'), "a"}}));
  EXPECT_FALSE(metadata_of_headers({{"X-Metadata-a", std::string(4087, 'v')}}));
  EXPECT_TRUE(metadata_of_headers({{"X-Metadata-a", std::string(4086, 'v')}}));
}

TEST_F(Files, AWatchTellsWhatChangesBelow) {
  WatchRequest request;
  request.recursive = true;
  auto watch = FolderWatch::open(request, folder_.path().string());
  ASSERT_TRUE(watch) << watch.error().message;
  std::set<std::string> seen;
  const auto read_until = [&](const std::string& wanted) {
    for (int i = 0; i < 500 && !seen.contains(wanted); ++i) {
      pollfd readable{(*watch)->fd(), POLLIN, 0};
      ::poll(&readable, 1, 20);
      const auto changes = (*watch)->read(accounts_);
      for (const auto& change : changes.value()) {
        seen.insert(change.name + ":" + std::to_string(static_cast<int>(change.kind)));
      }
    }
    EXPECT_TRUE(seen.contains(wanted)) << wanted;
  };
  ASSERT_TRUE(make_directories(at("new/deep")));
  write("new/deep/f");
  read_until("new:1");
  read_until("new/deep:1");
  read_until("new/deep/f:1");
  write("new/deep/f", "again");
  read_until("new/deep/f:2");
  fs::rename(at("new/deep/f"), at("g"));
  read_until("new/deep/f:4");
  read_until("g:1");
  fs::remove(at("g"));
  read_until("g:3");
  EXPECT_EQ(FolderWatch::open(request, at("none")).error().code, RpcCode::not_found);
  write("file");
  EXPECT_EQ(FolderWatch::open(request, at("file")).error().code, RpcCode::invalid_argument);
}

TEST(Download, Ranges) {
  const auto part = [](std::string_view header, std::uint64_t size) {
    const RangeChoice choice = choose_range(header, size);
    if (choice.kind == RangeKind::whole) return std::string("whole");
    if (choice.kind == RangeKind::unsatisfiable) return std::string("none");
    return std::to_string(choice.range.offset) + "+" + std::to_string(choice.range.length);
  };
  EXPECT_EQ(part("bytes=0-0", 10), "0+1");
  EXPECT_EQ(part("bytes=3-", 10), "3+7");
  EXPECT_EQ(part("bytes=-4", 10), "6+4");
  EXPECT_EQ(part("bytes=-40", 10), "0+10");
  EXPECT_EQ(part("bytes=10-", 10), "none");
  EXPECT_EQ(part("bytes=-0", 10), "none");
  EXPECT_EQ(part("bytes=0-", 0), "none");
  EXPECT_EQ(part("bytes=5-2", 10), "whole");
  EXPECT_EQ(part("bytes=0-1,4-5", 10), "whole");
  EXPECT_EQ(part("items=0-1", 10), "whole");
  EXPECT_EQ(part("bytes=0-18446744073709551615", 10), "0+10");
}

TEST(Download, Codings) {
  const auto coding = [](const std::string& header) { return choose_coding(&header, false); };
  EXPECT_EQ(choose_coding(nullptr, false), Coding::identity);
  EXPECT_EQ(coding("gzip"), Coding::gzip);
  EXPECT_EQ(coding("gzip;q=1.0"), Coding::gzip);
  EXPECT_EQ(coding("gzip, deflate"), Coding::identity);
  EXPECT_EQ(coding("gzip;q=0"), Coding::identity);
  EXPECT_EQ(coding("gzip, deflate, identity;q=0"), Coding::gzip);
  EXPECT_EQ(coding("identity;q=0"), Coding::none_acceptable);
  EXPECT_EQ(coding("br, *;q=0"), Coding::none_acceptable);
  const std::string gzip = "gzip";
  EXPECT_EQ(choose_coding(&gzip, true), Coding::identity) << "ranges are of the file itself";
}

TEST(Download, HeadersOfAFile) {
  EXPECT_EQ(content_type("/x.json", "{}"), "application/json");
  EXPECT_EQ(content_type("/x", "text"), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type("/x", std::string_view("\0", 1)), "application/octet-stream");
  EXPECT_EQ(content_disposition("a.txt"), "inline; filename=\"a.txt\"");
  EXPECT_EQ(content_disposition("a\"\n.txt"),
            "inline; filename=\"a__.txt\"; filename*=UTF-8''a%22%0A.txt");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(parse_http_date(http_date(1'700'000'000)), 1'700'000'000);
  EXPECT_EQ(parse_http_date("yesterday"), std::nullopt);
}

TEST(Accounts, AreReadFromTheFilesThemselves) {
  const Accounts accounts(
      "root:x:0:0:root:/root:/bin/bash\nbroken line\nuser:x:1000:1000::/home/user:/bin/bash\n"
      "bad:x:no:1:::\nnohome:x:7:7:::\n",
      "root:x:0:\nsudo:x:27:user,other\nuser:x:1000:\nalso:x:28:user\n:x:5:\n");
  ASSERT_NE(accounts.find("user"), nullptr);
  EXPECT_EQ(accounts.find("user")->home, "/home/user");
  EXPECT_EQ(accounts.find("nohome")->home, "/");
  EXPECT_EQ(accounts.find("bad"), nullptr);
  EXPECT_THAT(accounts.groups_of(*accounts.find("user")), ElementsAre(1000u, 27u, 28u));
  EXPECT_EQ(accounts.user_name(0), "root");
  EXPECT_EQ(accounts.user_name(4242), "4242");
  EXPECT_EQ(accounts.group_name(27), "sudo");
}

}  // namespace
}  // namespace genesis::envd
