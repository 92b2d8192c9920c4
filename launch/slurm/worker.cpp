#include "launch/slurm/worker.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "launch/local/local_launcher.h"
#include "launch/slurm/line_stream.h"
#include "launch/slurm/pilot_files.h"
#include "launch/slurm/worker_messages.h"

namespace genesis::launch::slurm {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Within SLURM's usual KillWait of half a minute, and a test's of two seconds.
constexpr milliseconds kCloseTime{1500};
/// For a runner that never says hello.
constexpr milliseconds kFirstLineTime{60'000};

/// slurmstepd's connection to srun holds a second small piece back until the first is acknowledged,
/// which takes 40 ms: the start of an evaluation that ends before is told together with its end.
constexpr milliseconds kStartHeldBack{50};

/// Processors of their own where there are enough: SLURM may have given less than was asked for.
bool has_processors_for(const WorkerSetup& setup) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  return CPU_COUNT(&allowed) >= setup.slots * setup.cpus;
}

class Worker {
 public:
  Worker(asio::io_context& io, Fd input, Fd output, const WorkerPlace& place)
      : io_(io),
        place_(place),
        lease_timer_(io),
        signals_(io, SIGTERM, SIGINT),
        last_heard_(Clock::now()),
        stream_(io, std::move(input), std::move(output), kMostLine, handlers()) {
    watch_lease();
    signals_.async_wait([this](const boost::system::error_code& stopped, int) {
      if (!stopped) stop("a signal", milliseconds{0});
    });
  }

  Status failure() const { return failure_; }

 private:
  LineStream::Handlers handlers() {
    LineStream::Handlers handlers;
    handlers.line = [this](std::string_view line) { hear(line); };
    handlers.ended = [this](const std::string& why) { stop("its runner: " + why, setup_.grace); };
    return handlers;
  }

  void hear(std::string_view line) {
    last_heard_ = Clock::now();
    if (stopping_) return;
    auto message = parse_to_worker(line);
    if (!message) return refuse(std::move(message.error()));
    if (auto* setup = std::get_if<WorkerSetup>(&*message)) {
      begin(std::move(*setup));
    } else if (std::holds_alternative<Bye>(*message)) {
      stop("its runner said bye", milliseconds{0});
    } else if (std::holds_alternative<Heartbeat>(*message)) {
      // Should nobody read: heartbeats are not what memory is for.
      if (stream_.unsent() == 0) stream_.say(encode(FromWorker(Heartbeat())));
    } else if (!launcher_) {
      refuse(Error{ErrorKind::parse, "the runner's first line is no hello"});
    } else if (auto* submit = std::get_if<SubmitToWorker>(&*message)) {
      folders_[submit->spec.token] = submit->spec.work_dir;
      launcher_->submit(std::move(submit->spec));
    } else if (const auto* cancel = std::get_if<CancelInWorker>(&*message)) {
      cancelled_.insert(cancel->token);
      launcher_->cancel(cancel->token);
    } else if (const auto* back = std::get_if<TakeBackFromWorker>(&*message)) {
      cancelled_.insert(back->token);
      launcher_->take_back(back->token);
    }
  }

  void refuse(Error error) {
    stream_.say(encode(FromWorker(Bye{error.message})));
    if (failure_) failure_ = tl::unexpected<Error>(std::move(error));
    stop("a line that cannot be read", milliseconds{0});
  }

  void begin(WorkerSetup setup) {
    if (launcher_) return refuse(Error{ErrorKind::parse, "the runner said hello twice"});
    setup_ = std::move(setup);
    LauncherContext context;
    context.io = &io_;
    context.run_id = setup_.run_id;
    context.run_dir = setup_.folder;
    context.max_parallel_jobs = setup_.slots;
    LocalOptions options;
    options.env_passthrough = setup_.env_passthrough;
    options.activate_script = setup_.activate_script;
    options.numeric_threads_per_job = setup_.numeric_threads;
    options.warm = setup_.warm;
    options.pin_cpus = has_processors_for(setup_);
    auto made = make_local_launcher(std::move(options), context);
    if (!made) return refuse(std::move(made.error()));
    if (auto opened = (*made)->open([this](Event event) { take(std::move(event)); }); !opened) {
      return refuse(std::move(opened.error()));
    }
    launcher_ = std::move(*made);
    watch_lease();
    stream_.say(encode(FromWorker(WorkerReady{place_.host, place_.job, place_.step})));
  }

  void take(Event event) {
    if (const auto* started = std::get_if<Started>(&event)) {
      hold_back(started->token);
    } else if (auto* finished = std::get_if<Finished>(&event)) {
      finish(std::move(*finished));
    } else if (const auto* capacity = std::get_if<Capacity>(&event)) {
      if (!capacity->reason.empty()) {
        stream_.say(encode(FromWorker(WorkerNotice{capacity->reason})));
      }
    }
  }

  void hold_back(const std::string& token) {
    auto& timer = starts_.try_emplace(token, io_).first->second;
    timer.expires_after(kStartHeldBack);
    timer.async_wait([this, token](const boost::system::error_code& stopped) {
      if (const std::string line = told_start(token); !stopped && !line.empty()) stream_.say(line);
    });
  }

  /// The line that says that it started; empty: that has been said.
  std::string told_start(const std::string& token) {
    return starts_.erase(token) == 0 ? "" : encode(FromWorker(WorkerStarted{token}));
  }

  void finish(Finished finished) {
    WorkerEnded ended{std::move(finished.token), explained(std::move(finished.outcome))};
    const bool was_asked = cancelled_.erase(ended.token) != 0;
    if (stopping_ && ended.outcome.kind == JobOutcomeKind::cancelled && !was_asked) {
      ended.outcome.kind = JobOutcomeKind::lost;
      ended.outcome.detail = "ended with its worker: " + why_;
    }
    const std::string line = encode(FromWorker(ended));
    const auto folder = folders_.find(ended.token);
    if (folder != folders_.end()) {
      failpoint("worker.before_record");
      // While a runner listens the record only has to outlive this process.
      const auto durability = stopping_ ? Durability::power : Durability::process;
      if (const Status written = write_end_record(folder->second, line, durability); !written) {
        log::warning("worker: {}", written.error().message);
      }
      failpoint("worker.after_record");
      folders_.erase(folder);
    }
    stream_.say(told_start(ended.token) + line);
    if (stopping_ && folders_.empty()) close();
  }

  /// Kill signals have a sender, or else are nobody's fault that we could name.
  static JobOutcome explained(JobOutcome outcome) {
    if (outcome.kind != JobOutcomeKind::signalled || outcome.signal != SIGKILL) return outcome;
    outcome.kind = JobOutcomeKind::lost;
    outcome.detail =
        "killed, unexplained: by nobody here and at none of its limits (the node's memory?)";
    return outcome;
  }

  void watch_lease() {
    const milliseconds lease = launcher_ ? setup_.lease : kFirstLineTime;
    lease_timer_.expires_at(last_heard_ + lease);
    lease_timer_.async_wait([this](const boost::system::error_code& stopped) {
      if (stopped || stopping_) return;
      const milliseconds current = launcher_ ? setup_.lease : kFirstLineTime;
      if (Clock::now() < last_heard_ + current) return watch_lease();
      stop("its runner was silent", setup_.grace);
    });
  }

  /// Nothing begins any more; what runs gets `grace`.
  void stop(std::string why, milliseconds grace) {
    if (std::exchange(stopping_, true)) {
      if (grace == milliseconds{0}) close();
      return;
    }
    why_ = std::move(why);
    log::info("worker: ending: {}", why_);
    if (!launcher_) return close();
    launcher_->drain();
    if (folders_.empty() || grace == milliseconds{0}) return close();
    lease_timer_.expires_after(grace);
    lease_timer_.async_wait([this](const boost::system::error_code& stopped) {
      if (!stopped) close();
    });
  }

  void close() {
    if (std::exchange(closing_, true)) return;
    lease_timer_.cancel();
    if (!launcher_) return leave();
    launcher_->close(kCloseTime, [this] { leave(); });
  }

  void leave() {
    boost::system::error_code ignored;
    signals_.cancel(ignored);
    stream_.say(encode(FromWorker(Bye{failure_ ? "" : failure_.error().message})));
    stream_.finish_output();
    // A runner that does not read is not waited for.
    lease_timer_.expires_after(kCloseTime);
    lease_timer_.async_wait([this](const boost::system::error_code&) { io_.stop(); });
    wait_until_sent();
  }

  void wait_until_sent() {
    if (stream_.unsent() == 0) return io_.stop();
    sent_timer_.emplace(io_, milliseconds{2});
    sent_timer_->async_wait([this](const boost::system::error_code&) { wait_until_sent(); });
  }

  asio::io_context& io_;
  WorkerPlace place_;
  WorkerSetup setup_;
  asio::steady_timer lease_timer_;
  std::optional<asio::steady_timer> sent_timer_;
  asio::signal_set signals_;
  Clock::time_point last_heard_;
  std::unique_ptr<Launcher> launcher_;
  std::map<std::string, std::filesystem::path> folders_;  ///< Of jobs that have not ended.
  std::set<std::string> cancelled_;                       ///< By the runner.
  std::map<std::string, asio::steady_timer> starts_;      ///< That are held back.
  std::string why_;
  Status failure_;
  bool stopping_ = false;
  bool closing_ = false;
  LineStream stream_;
};

}  // namespace

Result<int> run_worker(Fd input, Fd output, const WorkerPlace& place) {
  ::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  Worker worker(io, std::move(input), std::move(output), place);
  io.run();
  GENESIS_TRY(worker.failure());
  return 0;
}

}  // namespace genesis::launch::slurm
