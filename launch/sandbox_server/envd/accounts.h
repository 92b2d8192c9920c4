#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::envd {

/// A line of /etc/passwd.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  std::string shell;
};

/// The users and groups of this machine, from the two files themselves: a static program has no
/// name service. Immutable; any thread.
class Accounts {
 public:
  Accounts() = default;
  /// Lines that are none are passed over.
  Accounts(std::string_view passwd, std::string_view group);

  const Account* find(std::string_view name) const;
  /// The user's name, or its number in digits.
  std::string user_name(uid_t uid) const;
  std::string group_name(gid_t gid) const;
  /// The primary group first, then those that list the user.
  std::vector<gid_t> groups_of(const Account& account) const;

 private:
  struct Group {
    std::string name;
    gid_t gid = 0;
    std::vector<std::string> members;
  };
  std::vector<Account> accounts_;
  std::vector<Group> groups_;
};

/// Reads the files again when they have changed. One thread.
class AccountFiles {
 public:
  AccountFiles(std::string passwd = "/etc/passwd", std::string group = "/etc/group");
  std::shared_ptr<const Accounts> now();

 private:
  std::string stamp() const;
  std::string passwd_;
  std::string group_;
  std::string stamp_;
  std::shared_ptr<const Accounts> accounts_;
};

}  // namespace genesis::envd
