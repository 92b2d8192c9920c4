#include "genesis/hooks/command_delivery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"
#include "genesis/hooks/command_tree.h"
#include "genesis/process/tree_end.h"

namespace genesis::hooks {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostOutput = 16u << 10;
constexpr milliseconds kGrace{500};

/// A file in memory that holds the input: a command that does not read it blocks nobody.
Result<Fd> input_file(const std::string& input) {
  Fd fd(::memfd_create("genesis-event", MFD_CLOEXEC));
  if (!fd) return errno_error("make a file in memory for", "a hook's input", errno);
  const ssize_t written = ::write(fd.get(), input.data(), input.size());
  if (written != static_cast<ssize_t>(input.size()) || ::lseek(fd.get(), 0, SEEK_SET) != 0) {
    return errno_error("fill", "a hook's input", errno);
  }
  return fd;
}

class CommandDelivery final : public Delivery {
 public:
  CommandDelivery(boost::asio::io_context& io, process::ChildWatcher& watcher, CommandCall call,
                  DeliveryHandler on_end)
      : shared_(std::make_shared<Shared>(io, std::move(on_end))) {
    shared_->timeout = call.timeout;
    if (const Status started = shared_->start(watcher, std::move(call)); !started) {
      boost::asio::post(io, [shared = shared_, why = started.error().message] {
        shared->end({false, false, why, {}});
      });
    }
  }

  ~CommandDelivery() override {
    if (shared_->on_end && shared_->tree) shared_->tree->kill_all();
    shared_->on_end = nullptr;
    shared_->release();
  }

  void cancel() override { shared_->give_up("cancelled at the end of the run", milliseconds(0)); }

 private:
  struct Shared : std::enable_shared_from_this<Shared> {
    Shared(boost::asio::io_context& loop, DeliveryHandler handler)
        : io(loop), on_end(std::move(handler)), deadline(loop), output(loop) {}

    Status start(process::ChildWatcher& watcher, CommandCall call) {
      const char* path = ::getenv("PATH");
      process::SpawnSpec spec;
      GENESIS_TRY_ASSIGN(
          spec.executable,
          process::find_executable(call.argv.front(), path == nullptr ? "/usr/bin:/bin" : path));
      GENESIS_TRY_ASSIGN(const Fd input, input_file(call.input));
      int ends[2];
      if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return errno_error("make a pipe for", "a hook's output", errno);
      }
      output.assign(ends[0]);
      const Fd write_end(ends[1]);
      // What the child writes to must block, as any program expects.
      ::fcntl(write_end.get(), F_SETFL, 0);
      const std::string token = random_hex(16);
      spec.argv = std::move(call.argv);
      spec.environment = std::move(call.environment);
      spec.environment.push_back(fmt::format("{}={}", kHookTokenVariable, token));
      spec.stdin_fd = input.get();
      spec.stdout_fd = write_end.get();
      spec.stderr_to_stdout = true;
      spec.parent_death_signal = SIGKILL;
      GENESIS_TRY_ASSIGN(process::Child child, process::spawn(spec));
      tree.emplace(child, token);
      ending.emplace(io, *tree, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->tree_has_ended();
      });
      watcher.watch(std::move(child), [weak = weak_from_this()](const process::ChildExit& exit) {
        if (const auto self = weak.lock()) self->leader_exited(exit);
      });
      deadline.expires_after(timeout);
      deadline.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
        const auto self = weak.lock();
        if (self && !stopped) {
          self->give_up(fmt::format("not done within {}", format_duration(self->timeout)), kGrace);
        }
      });
      read_more();
      return {};
    }

    void read_more() {
      output.async_read_some(
          boost::asio::buffer(buffer),
          [self = shared_from_this()](const boost::system::error_code& ended, std::size_t got) {
            if (ended || !self->on_end) return;
            const std::size_t room = kMostOutput - std::min(kMostOutput, self->written.size());
            self->written.append(self->buffer.data(), std::min(room, got));
            self->read_more();
          });
    }

    void leader_exited(const process::ChildExit& exit) {
      if (failure.empty() && exit.signalled) {
        failure = fmt::format("ended by signal {} ({})", exit.signal, ::strsignal(exit.signal));
      } else if (failure.empty() && exit.code != 0) {
        failure = fmt::format("exit status {}", exit.code);
      }
      if (ending) ending->leader_gone();
    }

    void give_up(std::string why, milliseconds grace) {
      if (failure.empty()) failure = std::move(why);
      if (ending) ending->begin(grace);
    }

    void tree_has_ended() {
      drain();
      DeliveryResult result;
      result.delivered = failure.empty();
      result.detail = result.delivered ? "done" : failure;
      result.output = std::move(written);
      end(std::move(result));
    }

    /// What is in the pipe when nobody is left to write.
    void drain() {
      boost::system::error_code nothing_left;
      output.cancel(nothing_left);
      for (;;) {
        const ssize_t got = ::read(output.native_handle(), buffer.data(), buffer.size());
        if (got <= 0) return;
        const std::size_t room = kMostOutput - std::min(kMostOutput, written.size());
        written.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
      }
    }

    void end(DeliveryResult result) {
      release();
      // From the loop, and not inside what is being ended.
      boost::asio::post(io, [self = shared_from_this(), result = std::move(result)]() mutable {
        if (self->on_end) std::exchange(self->on_end, nullptr)(std::move(result));
      });
    }

    void release() {
      deadline.cancel();
      boost::system::error_code ignored;
      if (output.is_open()) output.close(ignored);
    }

    boost::asio::io_context& io;
    DeliveryHandler on_end;
    milliseconds timeout{0};
    boost::asio::steady_timer deadline;
    boost::asio::posix::stream_descriptor output;
    std::array<char, 4096> buffer;
    std::string written;
    std::string failure;
    std::optional<CommandTree> tree;
    std::optional<process::TreeEnd> ending;
  };

  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Delivery> deliver_by_command(boost::asio::io_context& io,
                                             process::ChildWatcher& watcher, CommandCall call,
                                             DeliveryHandler on_end) {
  return std::make_unique<CommandDelivery>(io, watcher, std::move(call), std::move(on_end));
}

}  // namespace genesis::hooks
