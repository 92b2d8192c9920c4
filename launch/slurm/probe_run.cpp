#include "launch/slurm/probe_run.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <set>
#include <utility>

#include "genesis/base/clock.h"
#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/log.h"
#include "launch/slurm/slurm_reasons.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kQuickestLook{20};
constexpr milliseconds kSlowestLook{500};
constexpr seconds kSlowestQuestion{30};
/// A code says more than a file that did not come.
constexpr milliseconds kCodeWait{500};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// What probes of all runs of this person have found; empty where there is no home.
fs::path memory_file() {
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "genesis" / "slurm_probes.json";
  }
  const std::string home = variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "genesis" / "slurm_probes.json";
}

std::string memory_text() {
  const fs::path file = memory_file();
  if (file.empty()) return {};
  return read_file(file, 1u << 20).value_or("");
}

}  // namespace

ProbeRun::ProbeRun(asio::io_context& io, SlurmClient& client, const SlurmOptions& options,
                   fs::path state, std::string name)
    : io_(io),
      client_(client),
      options_(options),
      state_(std::move(state)),
      folder_(state_ / "probe"),
      name_(std::move(name)),
      key_(
          probe_key(state_.parent_path().parent_path(), options.partition, variable("SLURM_CONF"))),
      nonce_(random_hex(16)),
      look_timer_(io),
      ask_timer_(io) {}

void ProbeRun::begin(Done done) {
  done_ = std::move(done);
  const auto known =
      remembered_probe(memory_text(), key_, SystemClock().unix_millis(), options_.probe_every);
  if (known) {
    ProbeVerdict verdict = shared_verdict(*known, options_.file_wait);
    verdict.text += " (by an earlier probe)";
    asio::post(io_, [self = shared_from_this(), verdict] { self->finish(verdict); });
    return;
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  Status prepared = make_directories(folder_);
  const fs::path script = state_ / "probe.sh";
  if (prepared) prepared = write_file_atomic(folder_ / "ask", nonce_);
  if (prepared) prepared = write_file_atomic(script, probe_script(folder_, nonce_));
  if (!prepared) {
    ProbeVerdict verdict;
    verdict.text = "no probe of the run's folder: " + prepared.error().message;
    asio::post(io_, [self = shared_from_this(), verdict] { self->finish(verdict); });
    return;
  }
  submitting_ = true;
  client_.run(probe_sbatch(options_, name_, script),
              [self = shared_from_this()](const CommandEnd& end) { self->submitted(end); });
}

void ProbeRun::submitted(const CommandEnd& end) {
  submitting_ = false;
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  job_ = id.value_or("");
  if (over_) return cancel(std::exchange(on_ended_, nullptr));
  if (!id) {
    ProbeVerdict verdict;
    verdict.text = "no probe of the run's folder: " + failure_of("sbatch", end).text;
    return finish(std::move(verdict));
  }
  arm(look_timer_, look_wait_, &ProbeRun::look);
  arm(ask_timer_, ask_wait_, &ProbeRun::ask);
}

void ProbeRun::arm(asio::steady_timer& timer, milliseconds wait, void (ProbeRun::*then)()) {
  timer.expires_after(wait);
  timer.async_wait([weak = weak_from_this(), then](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (self && !stopped && !self->over_) ((*self).*then)();
  });
}

/// As the launcher sees events: by listing a folder.
void ProbeRun::look() {
  std::set<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry(folder_, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    names.insert(entry->path().filename().string());
  }
  if (!replied_ && names.count("seen") != 0 &&
      read_file(folder_ / "seen", 256, false).value_or("") == nonce_) {
    replied_ = write_file_atomic(folder_ / "reply", nonce_).has_value();
    look_wait_ = kQuickestLook;
  }
  if (names.count("answer") != 0) {
    const auto answer =
        parse_probe_answer(read_file(folder_ / "answer", 4096, false).value_or(""), nonce_);
    if (answer) {
      const fs::path file = memory_file();
      Status kept = file.empty() ? Status() : make_directories(file.parent_path());
      if (kept && !file.empty()) {
        kept = write_file_atomic(
            file, remember_probe(memory_text(), key_, *answer, SystemClock().unix_millis()));
      }
      // It is found again by the next run, then.
      if (!kept) log::info("slurm: the probe is not remembered: {}", kept.error().message);
      return finish(shared_verdict(*answer, options_.file_wait));
    }
  }
  look_wait_ = std::min<milliseconds>(look_wait_ + look_wait_ / 4 + milliseconds{1}, kSlowestLook);
  arm(look_timer_, look_wait_, &ProbeRun::look);
}

void ProbeRun::ask() {
  if (std::exchange(asking_, true)) return;
  client_.run({"scontrol", "--oneliner", "show", "job", job_},
              [weak = weak_from_this()](const CommandEnd& end) {
                const auto self = weak.lock();
                if (!self || self->over_) return;
                self->asking_ = false;
                const auto report =
                    end.succeeded() ? parse_scontrol_job(end.output, self->job_) : std::nullopt;
                if (report) self->judge(*report);
                if (self->over_) return;
                self->ask_wait_ = std::min<milliseconds>(self->ask_wait_ * 3 / 2, kSlowestQuestion);
                self->arm(self->ask_timer_, self->ask_wait_, &ProbeRun::ask);
              });
}

void ProbeRun::judge(const JobReport& report) {
  ProbeVerdict verdict;
  if (report.state == JobState::waiting) {
    const std::string never = hopeless_reason(report.reason);
    if (needed_ && never.empty()) return;
    verdict.text = needed_ ? "no probe of the run's folder: SLURM will not start it: " + never
                           : "no probe of the run's folder: jobs have shown that it is shared";
    cancel(nullptr);
    return finish(std::move(verdict));
  }
  if (!has_ended(report.state)) return;
  if (!over_since_) over_since_ = Clock::now();
  ask_wait_ = milliseconds{300};
  const milliseconds patience =
      report.state == JobState::completed ? options_.file_wait : kCodeWait;
  if (Clock::now() - *over_since_ < patience) return;
  finish(verdict_of_end(report, state_.parent_path().parent_path()));
}

void ProbeRun::not_needed() {
  if (!std::exchange(needed_, false) || over_ || job_.empty()) return;
  // Whether it still waits is asked now.
  ask_timer_.cancel();
  ask_wait_ = seconds{5};
  ask();
}

void ProbeRun::finish(ProbeVerdict verdict) {
  if (std::exchange(over_, true)) return;
  look_timer_.cancel();
  ask_timer_.cancel();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  if (!write_file(state_ / "probe.txt", verdict.text + "\n")) {
    log::info("slurm: {}", verdict.text);
  }
  job_.clear();
  if (done_) std::exchange(done_, nullptr)(verdict);
}

void ProbeRun::cancel(std::function<void()> ended) {
  if (job_.empty()) {
    if (ended) asio::post(io_, std::move(ended));
    return;
  }
  client_.run({"scancel", std::exchange(job_, "")}, [ended = std::move(ended)](const CommandEnd&) {
    if (ended) ended();
  });
}

void ProbeRun::end(std::function<void()> ended) {
  over_ = true;
  done_ = nullptr;
  look_timer_.cancel();
  ask_timer_.cancel();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  if (submitting_) {
    on_ended_ = std::move(ended);
  } else {
    cancel(std::move(ended));
  }
}

}  // namespace genesis::launch::slurm
