#include "launch/sandbox_server/envd/accounts.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::envd {

namespace {

std::optional<unsigned> to_id(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-";
  std::string stamp = std::to_string(info.st_ino);
  for (const long part : {static_cast<long>(info.st_size), static_cast<long>(info.st_mtim.tv_sec),
                          static_cast<long>(info.st_mtim.tv_nsec)}) {
    stamp += ':';
    stamp += std::to_string(part);
  }
  return stamp;
}

}  // namespace

Accounts::Accounts(std::string_view passwd, std::string_view group) {
  for (const std::string_view line : split_lines(passwd)) {
    const auto fields = split(line, ':');
    if (fields.size() < 7 || fields[0].empty()) continue;
    const auto uid = to_id(fields[2]);
    const auto gid = to_id(fields[3]);
    if (!uid || !gid) continue;
    Account account;
    account.name = fields[0];
    account.uid = *uid;
    account.gid = *gid;
    account.home = fields[5].empty() ? "/" : std::string(fields[5]);
    account.shell = fields[6];
    accounts_.push_back(std::move(account));
  }
  for (const std::string_view line : split_lines(group)) {
    const auto fields = split(line, ':');
    if (fields.size() < 4 || fields[0].empty()) continue;
    const auto gid = to_id(fields[2]);
    if (!gid) continue;
    Group parsed;
    parsed.name = fields[0];
    parsed.gid = *gid;
    for (const std::string_view member : split(fields[3], ',')) {
      if (!member.empty()) parsed.members.emplace_back(member);
    }
    groups_.push_back(std::move(parsed));
  }
}

const Account* Accounts::find(std::string_view name) const {
  const auto found = std::find_if(accounts_.begin(), accounts_.end(),
                                  [name](const Account& account) { return account.name == name; });
  return found == accounts_.end() ? nullptr : &*found;
}

std::string Accounts::user_name(uid_t uid) const {
  const auto found = std::find_if(accounts_.begin(), accounts_.end(),
                                  [uid](const Account& account) { return account.uid == uid; });
  return found == accounts_.end() ? std::to_string(uid) : found->name;
}

std::string Accounts::group_name(gid_t gid) const {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [gid](const Group& group) { return group.gid == gid; });
  return found == groups_.end() ? std::to_string(gid) : found->name;
}

std::vector<gid_t> Accounts::groups_of(const Account& account) const {
  std::vector<gid_t> groups{account.gid};
  for (const Group& group : groups_) {
    const bool listed =
        std::find(group.members.begin(), group.members.end(), account.name) != group.members.end();
    if (listed && group.gid != account.gid) groups.push_back(group.gid);
  }
  return groups;
}

AccountFiles::AccountFiles(std::string passwd, std::string group)
    : passwd_(std::move(passwd)), group_(std::move(group)) {}

std::string AccountFiles::stamp() const {
  return stamp_of(passwd_) + " " + stamp_of(group_);
}

std::shared_ptr<const Accounts> AccountFiles::now() {
  const std::string current = stamp();
  if (accounts_ == nullptr || current != stamp_) {
    const std::string passwd = read_file(passwd_).value_or("");
    const std::string group = read_file(group_).value_or("");
    accounts_ = std::make_shared<const Accounts>(passwd, group);
    stamp_ = current;
  }
  return accounts_;
}

}  // namespace genesis::envd
