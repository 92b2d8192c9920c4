#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "genesis/base/files.h"
#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// A provider whose sandboxes are folders of this machine and whose commands are its processes: no
/// wire, no isolation. What is asked of it is counted, and calls can be made to fail.
///
/// Paths of a sandbox begin with kFolder, which stands for the sandbox's own folder in arguments
/// too. The machine's other processes are strangers to every job; the job script is told to
/// overlook them.
class FakeProvider final : public Provider, public std::enable_shared_from_this<FakeProvider> {
 public:
  static constexpr const char* kFolder = "/fake-sandbox";

  explicit FakeProvider(boost::asio::io_context& io) : io_(io) {}
  ~FakeProvider() override;

  /// The next calls of this name ("create", "start", "next" …) fail so, one each.
  void fail_next(const std::string& call, Failure failure) { failures_[call].push_back(failure); }
  /// Every call of this name fails so, until it is taken back.
  void fail_always(const std::string& call, Failure failure) { broken_[call] = failure; }
  /// The next "create" or "start" is done, but its answer does not come.
  void lose_answer(const std::string& call) { unanswered_.insert(call); }
  /// The next call of this name never comes back unless it is given up ("create": after it is
  /// done).
  void hang_next(const std::string& call) { hanging_.insert(call); }
  void heal(const std::string& call) { broken_.erase(call); }
  /// Calls of this name are not answered until they are let go.
  void hold(const std::string& call) { held_.insert(call); }
  void let_go(const std::string& call) { held_.erase(call); }
  /// Ends the sandbox as the provider might, at any moment.
  void lose(const std::string& id);
  /// At most so many sandboxes; more are refused with 429.
  void allow(std::size_t sandboxes) { most_ = sandboxes; }

  /// Snapshots can be made; else they are refused, as a provider does that has none.
  void have_snapshots() { can_snapshot_ = true; }
  /// As if somebody had deleted them.
  void forget_snapshots() { snapshots_.clear(); }
  const std::map<std::string, std::string>& snapshots() const { return snapshots_; }

  int calls(const std::string& call) const;
  std::size_t sandboxes() const { return sandboxes_.size(); }
  std::size_t most_seen() const { return most_seen_; }
  std::vector<std::string> ids() const;
  fs::path folder_of(const std::string& id) const { return root_.path() / id; }
  const NewSandbox& last_created() const { return last_created_; }
  /// A sandbox that somebody else has made.
  std::string plant(std::map<std::string, std::string> metadata, std::chrono::seconds age = {});

  Awaitable<Outcome<SandboxHandle>> create(NewSandbox what) override;
  Awaitable<Outcome<SandboxHandle>> connect(std::string id, std::chrono::seconds lifetime) override;
  Awaitable<Outcome<std::vector<SandboxInfo>>> list(
      std::map<std::string, std::string> metadata) override;
  Awaitable<Outcome<SandboxInfo>> info(std::string id) override;
  Awaitable<Outcome<bool>> kill(std::string id) override;
  Awaitable<Outcome<void>> set_lifetime(std::string id, std::chrono::seconds lifetime) override;
  Awaitable<Outcome<std::string>> snapshot(std::string id, std::string name) override;
  Awaitable<Outcome<bool>> delete_snapshot(std::string id) override;
  Awaitable<Outcome<void>> write_file(SandboxHandle sandbox, std::string path, std::string content,
                                      std::string user) override;
  Awaitable<Outcome<void>> write_files(SandboxHandle sandbox, std::vector<FileText> files,
                                       std::string user) override;
  Awaitable<Outcome<void>> upload_file(SandboxHandle sandbox, std::string path,
                                       std::filesystem::path from, std::string user) override;
  Awaitable<Outcome<std::string>> read_file(SandboxHandle sandbox, std::string path,
                                            std::size_t limit, std::string user) override;
  Awaitable<Outcome<std::uint64_t>> download_file(SandboxHandle sandbox, std::string path,
                                                  std::filesystem::path to, std::uint64_t limit,
                                                  std::string user) override;
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> start(SandboxHandle sandbox,
                                                           RemoteCommand command) override;
  Awaitable<Outcome<std::unique_ptr<CommandStream>>> follow(SandboxHandle sandbox,
                                                            std::int64_t pid) override;
  Awaitable<Outcome<CommandAnswer>> run(SandboxHandle sandbox, RemoteCommand command,
                                        std::size_t limit) override;
  Awaitable<Outcome<bool>> signal(SandboxHandle sandbox, std::int64_t pid, bool kill) override;

  /// What a stream asks before each piece.
  Outcome<void> check(const std::string& call, const std::string& id);

 private:
  struct Sandbox {
    std::map<std::string, std::string> metadata;
    std::set<std::int64_t> commands;
    std::string sandbox_template = "base";
    std::chrono::system_clock::time_point started_at = std::chrono::system_clock::now();
  };
  SandboxInfo info_of(const std::string& id) const;
  std::string filled(const std::string& id, std::string text) const;
  Awaitable<Outcome<void>> begin(std::string call, std::string id);
  Awaitable<void> hang_if_asked(std::string call);

  boost::asio::io_context& io_;
  TempDir root_{"fake-provider"};
  std::map<std::string, Sandbox> sandboxes_;
  std::map<std::string, std::deque<Failure>> failures_;
  std::map<std::string, Failure> broken_;
  std::set<std::string> unanswered_;
  std::set<std::string> hanging_;
  std::map<std::string, int> calls_;
  std::set<std::string> held_;
  bool can_snapshot_ = false;
  std::map<std::string, std::string> snapshots_;  ///< Id -> name; the folder has the id's name.
  std::size_t most_ = 1000;
  std::size_t most_seen_ = 0;
  int last_id_ = 0;
  NewSandbox last_created_;
};

}  // namespace genesis::launch::e2b
