#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/sandbox_server/envd/sandbox_plan.h"

namespace genesis::sandbox_server {

/// Who sandboxes are made by: root, or somebody who has only a user namespace and one number in it.
enum class Privilege { root, one_user };

/// What a sandbox sees of the host: its programs, /etc and the package database, layered; nothing
/// else of its files. Of /etc not what only some may read. Looked up once; blocking.
class Userland {
 public:
  static Result<Userland> look(Privilege privilege);

  /// Makes what `folder` must have (root/, upper/, work/). What fails is left for the caller to
  /// remove.
  Status fill(const std::filesystem::path& folder) const;
  /// What the sandbox's first process has to do with it.
  envd::SandboxPlan plan(const std::filesystem::path& folder, const std::string& host_name) const;

  uid_t user() const { return user_; }

 private:
  Userland() = default;
  void read_top();
  void find_closed_files(const std::filesystem::path& folder);
  void write_accounts();
  void add_folder(const std::string& path);
  std::string in_etc(const std::filesystem::path& name) const;
  void describe_root();
  void describe_etc();
  void hide();

  Privilege privilege_ = Privilege::root;
  std::vector<std::string> merged_;   ///< "/usr", "/etc" … all by the layer of the root.
  std::vector<std::string> layered_;  ///< Those that need a layer of their own.
  std::vector<std::pair<std::string, std::string>> links_;  ///< "bin" → "usr/bin".
  std::vector<std::filesystem::path> closed_files_;         ///< In /etc, relative to it.
  std::vector<std::filesystem::path> closed_folders_;
  std::vector<std::pair<std::string, std::string>> home_;  ///< Files of /etc/skel.
  uid_t user_ = 1000;
  std::vector<envd::SkeletonEntry> skeleton_;  ///< What is the same in all sandboxes.
  std::string passwd_;
  std::string group_;
  std::string shadow_;
  bool has_sudo_ = false;
};

}  // namespace genesis::sandbox_server
