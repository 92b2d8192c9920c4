#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "launch/sandbox_server/envd/process.h"

namespace genesis::envd {

/// The commands that run, and for half a minute those that have ended. Reaps every child of this
/// program at once, those that it inherits as a sandbox's first process too. I/O thread only.
class ProcessTable {
 public:
  explicit ProcessTable(boost::asio::io_context& io);

  /// Starts a command and enters it; nothing is read from it before Process::begin.
  RpcResult<std::shared_ptr<Process>> start(const ChildSpec& spec, StartRequest request);

  /// Running or ended a moment ago. Null: there is none.
  std::shared_ptr<Process> find(const ProcessSelector& selector) const;
  std::vector<ListedProcess> list() const;

 private:
  boost::asio::awaitable<void> reap_for_ever();
  void reap();
  void forget_old();

  boost::asio::io_context& io_;
  boost::asio::signal_set child_ended_;
  std::map<pid_t, std::shared_ptr<Process>> running_;
  struct Ended {
    std::shared_ptr<Process> process;
    std::chrono::steady_clock::time_point at;
  };
  std::map<pid_t, Ended> ended_;
  std::deque<std::pair<std::chrono::steady_clock::time_point, pid_t>> to_forget_;  ///< By time.
};

/// "no process with pid 42".
RpcError no_such_process(const ProcessSelector& selector);

}  // namespace genesis::envd
