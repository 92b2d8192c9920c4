#include "launch/local/warm_server.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/process/proc_fs.h"
#include "genesis/process/process_family.h"
#include "launch/local/warm_packet.h"

namespace genesis::launch {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds kImportDeadline{120};
constexpr std::chrono::seconds kAnswerDeadline{30};

/// One packet with descriptors; false when the socket does not take it now.
bool send_with(int socket, const std::string& text, const std::vector<int>& descriptors) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

/// A child of ours that we have not reaped, so its number is its own.
Result<process::Child> child_of(pid_t pid) {
  process::Child child;
  child.pid = pid;
  child.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd) return errno_error("watch the warm job", std::to_string(pid), errno);
  const auto stat = process::read_stat(pid);
  child.start_ticks = stat ? stat->id.start_ticks : 0;
  return child;
}

}  // namespace

struct WarmServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& io, int socket, pid_t server, std::function<void()> changed)
      : channel(io, socket), deadline(io), pid(server), on_change(std::move(changed)) {}

  void begin() {
    deadline.expires_after(kImportDeadline);
    deadline.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
      const auto self = weak.lock();
      if (!self || failure || self->state != State::starting) return;
      self->become(State::refused,
                   fmt::format("its imports take longer than {} s", kImportDeadline.count()));
      ::kill(self->pid, SIGKILL);
    });
    listen();
  }

  void listen() {
    channel.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this()](const boost::system::error_code& failure) {
                         const auto self = weak.lock();
                         if (!self || failure) return;
                         self->read_all();
                         if (!self->ended) self->listen();
                       });
  }

  void read_all() {
    const auto alive = shared_from_this();
    std::string packet(4096, '\0');
    for (;;) {
      const ssize_t got =
          ::recv(channel.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return gone();
      take(json::parse(packet.begin(), packet.begin() + got, nullptr, false));
    }
  }

  void take(const json& message) {
    if (!message.is_object()) return;
    const auto number = [&](const char* key) {
      const auto at = message.find(key);
      return at != message.end() && at->is_number_integer() ? at->get<std::int64_t>() : -1;
    };
    const auto text = [&](const char* key) {
      const auto at = message.find(key);
      return at != message.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    if (message.contains("ready")) return become(State::ready, "");
    if (message.contains("refused")) return become(State::refused, text("refused"));
    if (message.contains("failed")) {
      failures[static_cast<pid_t>(number("pid"))] =
          fmt::format("{}: {}", text("failed"), std::strerror(static_cast<int>(number("errno"))));
      return;
    }
    const auto found = waiting.find(number("id"));
    if (found == waiting.end()) return;
    const Started started = std::move(found->second);
    waiting.erase(found);
    expect_answer();
    if (message.contains("pid")) {
      started(child_of(static_cast<pid_t>(number("pid"))));
    } else {
      started(make_error(ErrorKind::io, "clone a warm job: " + text("error")));
    }
  }

  /// A server that does not answer (stopped, or starved of memory) is ended; who waits is told so.
  void expect_answer() {
    if (waiting.empty()) {
      deadline.cancel();
      return;
    }
    deadline.expires_after(kAnswerDeadline);
    deadline.async_wait([server = pid](const boost::system::error_code& failure) {
      if (!failure) ::kill(server, SIGKILL);
    });
  }

  void become(State next, std::string why) {
    state = next;
    if (!why.empty()) reason = std::move(why);
    if (on_change) on_change();
  }

  /// The server has ended. A refusal stays one.
  void gone() {
    if (std::exchange(ended, true)) return;
    boost::system::error_code ignored;
    channel.cancel(ignored);
    deadline.cancel();
    auto left = std::exchange(waiting, {});
    for (auto& [id, started] : left) {
      started(make_error(ErrorKind::unavailable, "the warm server ended before it answered"));
    }
    if (state == State::starting) become(State::refused, "it ended while it imported");
    if (state == State::ready) become(State::gone, "");
  }

  boost::asio::posix::stream_descriptor channel;
  boost::asio::steady_timer deadline;
  pid_t pid;
  std::function<void()> on_change;
  State state = State::starting;
  std::string reason;
  bool ended = false;
  std::int64_t next_id = 1;
  std::map<std::int64_t, Started> waiting;
  std::map<pid_t, std::string> failures;
};

WarmServer::WarmServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

WarmServer::~WarmServer() {
  impl_->on_change = nullptr;
  impl_->waiting.clear();
  // Reaped here, so that nothing is left when the launcher has closed; its watcher copes.
  ::kill(impl_->pid, SIGKILL);
  while (::waitpid(impl_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<std::unique_ptr<WarmServer>> WarmServer::start(boost::asio::io_context& io,
                                                      process::ChildWatcher& watcher,
                                                      const WarmServerPlan& plan,
                                                      std::function<void()> on_change) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error("make a socket for", "the warm server", errno);
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  process::SpawnSpec spec;
  spec.executable = plan.python;
  spec.argv = {plan.python, plan.server_script, plan.helper, plan.evaluator};
  spec.argv.insert(spec.argv.end(), plan.scan.begin(), plan.scan.end());
  Environment environment = plan.environment;
  // Room that each clone overwrites with its own, where /proc shows it.
  environment[std::string(process::kTokenVariable)] = std::string(kTokenRoom, '-');
  environment[std::string(process::kWorkDirVariable)] = std::string(kWorkDirRoom, '-');
  // Clones would each look up again what is called first in them; the server takes this away.
  environment["LD_BIND_NOW"] = "1";
  spec.environment = to_entries(environment);
  spec.working_directory = plan.folder;
  spec.stdout_path = plan.log_path;
  spec.stderr_path = plan.log_path;
  spec.inherited_fd = theirs.get();
  spec.limits = plan.limits;
  auto child = process::spawn(spec);
  if (!child) return tl::unexpected(std::move(child.error()).with_context("start a warm server"));
  const pid_t pid = child->pid;
  auto impl = std::make_shared<Impl>(io, ours.release(), pid, std::move(on_change));
  watcher.watch(std::move(*child), [weak = std::weak_ptr<Impl>(impl)](const process::ChildExit&) {
    // What it still said comes first.
    if (const auto self = weak.lock()) {
      self->read_all();
      self->gone();
    }
  });
  impl->begin();
  return std::unique_ptr<WarmServer>(new WarmServer(std::move(impl)));
}

WarmServer::State WarmServer::state() const {
  return impl_->state;
}
const std::string& WarmServer::reason() const {
  return impl_->reason;
}
std::size_t WarmServer::pending() const {
  return impl_->waiting.size();
}

void WarmServer::clone(const WarmRequest& request, Started started) {
  const std::int64_t id = impl_->next_id++;
  std::vector<int> descriptors{request.output, request.error};
  if (request.cgroup >= 0) descriptors.push_back(request.cgroup);
  descriptors.insert(descriptors.end(), request.joins.begin(), request.joins.end());
  const auto packet = warm_packet(id, request);
  impl_->waiting.emplace(id, std::move(started));
  if (packet && send_with(impl_->channel.native_handle(), *packet, descriptors)) {
    if (impl_->waiting.size() == 1) impl_->expect_answer();
    return;
  }
  const Started failed = std::move(impl_->waiting.at(id));
  impl_->waiting.erase(id);
  failed(packet ? make_error(ErrorKind::io, "ask the warm server for a job: it takes no request")
                : tl::unexpected(packet.error()));
}

std::optional<std::string> WarmServer::failure_of(pid_t pid) {
  impl_->read_all();
  const auto found = impl_->failures.find(pid);
  if (found == impl_->failures.end()) return std::nullopt;
  std::string why = std::move(found->second);
  impl_->failures.erase(found);
  return why;
}

}  // namespace genesis::launch
