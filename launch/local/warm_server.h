#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/process/child_watcher.h"
#include "genesis/process/spawn.h"
#include "launch/environment.h"
#include "launch/local/warm_packet.h"

namespace genesis::launch {

/// What a fork server is started with: the interpreter, the server's script and native helper, the
/// evaluator, and where else to look for imports.
struct WarmServerPlan {
  std::string python;
  std::string server_script;
  std::string helper;
  std::string evaluator;
  std::vector<std::string> scan;
  Environment environment;  ///< Without anything secret: every job can read its server's memory.
  std::string folder;
  std::string log_path;  ///< What imports print; empty: nowhere.
  std::vector<process::ResourceLimit> limits;
};

/// A process that has imported an evaluator's modules and makes a clone of itself per job
/// (evaluators/python/genesis_warm). The clones are children of this process, as cold jobs are.
///
///   starting → ready → gone
///        └──→ refused (for good: `reason` says why forking would not be the same as starting anew)
///
/// I/O thread only. Destruction ends the server; clones that run go on.
class WarmServer {
 public:
  enum class State { starting, ready, refused, gone };
  using Started = std::function<void(Result<process::Child>)>;

  /// The longest token and folder that a clone can carry where other processes can see them.
  static constexpr std::size_t kTokenRoom = 160;
  static constexpr std::size_t kWorkDirRoom = 1024;

  /// `on_change` is called from the loop when the state has changed.
  static Result<std::unique_ptr<WarmServer>> start(boost::asio::io_context& io,
                                                   process::ChildWatcher& watcher,
                                                   const WarmServerPlan& plan,
                                                   std::function<void()> on_change);
  ~WarmServer();
  WarmServer(const WarmServer&) = delete;
  WarmServer& operator=(const WarmServer&) = delete;

  State state() const;
  const std::string& reason() const;
  /// Requests that have no answer yet.
  std::size_t pending() const;

  /// Asks for a clone; `started` is called once, at once when the request cannot be sent, otherwise
  /// from the loop. An error means that no job runs,
  /// but for kind `unavailable`: the server ended before it answered, and nobody knows.
  void clone(const WarmRequest& request, Started started);

  /// Why a clone could not become its job, if it said so before it ended.
  std::optional<std::string> failure_of(pid_t pid);

 private:
  struct Impl;
  explicit WarmServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace genesis::launch
