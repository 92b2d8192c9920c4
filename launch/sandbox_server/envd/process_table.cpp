#include "launch/sandbox_server/envd/process_table.h"

#include <signal.h>
#include <sys/wait.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace genesis::envd {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kRemembered{30};

}  // namespace

ProcessTable::ProcessTable(asio::io_context& io) : io_(io), child_ended_(io, SIGCHLD) {
  asio::co_spawn(io_, reap_for_ever(), asio::detached);
}

asio::awaitable<void> ProcessTable::reap_for_ever() {
  for (;;) {
    const auto [failure, signal] =
        co_await child_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(signal);
    if (failure) co_return;
    reap();
  }
}

void ProcessTable::reap() {
  // One signal may stand for many children.
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto found = running_.find(pid);
    if (found == running_.end()) continue;  // An orphan of somebody's.
    const std::shared_ptr<Process> process = found->second;
    running_.erase(found);
    const auto now = std::chrono::steady_clock::now();
    ended_[pid] = Ended{process, now};
    to_forget_.emplace_back(now, pid);
    process->reaped(status);
    forget_old();
  }
}

void ProcessTable::forget_old() {
  const auto now = std::chrono::steady_clock::now();
  while (!to_forget_.empty() && now - to_forget_.front().first > kRemembered) {
    const auto [at, pid] = to_forget_.front();
    to_forget_.pop_front();
    const auto found = ended_.find(pid);
    // The number may be another's by now, who has a turn of their own.
    if (found == ended_.end() || found->second.at != at) continue;
    if (found->second.process->end_frame() != nullptr) {
      ended_.erase(found);
    } else {  // Its last output waits for somebody who does not take it.
      found->second.at = now;
      to_forget_.emplace_back(now, pid);
    }
  }
}

RpcResult<std::shared_ptr<Process>> ProcessTable::start(const ChildSpec& spec,
                                                        StartRequest request) {
  auto child = start_child(spec);
  if (!child) return tl::unexpected<RpcError>(std::move(child.error()));
  const pid_t pid = child->pid;
  auto process = std::make_shared<Process>(io_, std::move(*child), std::move(request));
  ended_.erase(pid);  // The kernel has given its number out again.
  running_[pid] = process;
  return process;
}

std::shared_ptr<Process> ProcessTable::find(const ProcessSelector& selector) const {
  if (selector.pid) {
    const auto pid = static_cast<pid_t>(*selector.pid);
    const auto found = running_.find(pid);
    if (found != running_.end()) return found->second;
    const auto ended = ended_.find(pid);
    const bool fresh =
        ended != ended_.end() && std::chrono::steady_clock::now() - ended->second.at <= kRemembered;
    return fresh ? ended->second.process : nullptr;
  }
  for (const auto& [pid, process] : running_) {
    if (process->request().tag == selector.tag) return process;
  }
  return nullptr;
}

std::vector<ListedProcess> ProcessTable::list() const {
  std::vector<ListedProcess> listed;
  for (const auto& [pid, process] : running_) {
    ListedProcess entry;
    entry.config = process->request().config;
    entry.pid = static_cast<std::uint32_t>(pid);
    entry.tag = process->request().tag;
    listed.push_back(std::move(entry));
  }
  return listed;
}

RpcError no_such_process(const ProcessSelector& selector) {
  RpcError error;
  error.code = RpcCode::not_found;
  error.message = selector.pid ? "process with pid " + std::to_string(*selector.pid) + " not found"
                               : "process with tag " + selector.tag.value_or("") + " not found";
  return error;
}

}  // namespace genesis::envd
