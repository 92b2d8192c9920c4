#include "launch/e2b/sandbox_session.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/e2b/e2b_outcome.h"
#include "launch/e2b/job_ref.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kSetupOutput = 64u << 10;
/// The record, four small results and their heads.
constexpr std::size_t kMostOutput = 4 * kInlineBytes + (2u << 20);

seconds rounded_up(milliseconds time) {
  return seconds{(time.count() + 999) / 1000};
}

/// Writing and reading files may be tried again: nothing is done twice by it.
constexpr int kTries = 4;

/// 0: it is no number.
std::int64_t pid_in(std::string_view text) {
  text = trim(text);
  std::int64_t pid = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return bad == std::errc() && end == text.data() + text.size() && pid > 0 ? pid : 0;
}

/// The wire's fault, not the sandbox's.
bool may_pass(FailureKind kind) {
  return kind == FailureKind::unavailable || kind == FailureKind::broken ||
         kind == FailureKind::rate_limited;
}

std::string last_lines(const CommandAnswer& answer) {
  std::string_view text = trim(answer.error_output.empty() ? answer.output : answer.error_output);
  if (text.size() > 1000) text = text.substr(text.size() - 1000);
  return to_valid_utf8(text);
}

/// A command of the set-up that must end with 0.
Outcome<void> judged(const Outcome<CommandAnswer>& answer, const std::string& what) {
  if (!answer) {
    Failure failure = answer.error();
    failure.message = what + ": " + failure.message;
    return tl::unexpected<Failure>(std::move(failure));
  }
  if (answer->end.exited && answer->end.exit_code == 0) return {};
  return fail(FailureKind::refused,
              fmt::format("{}: {}: {}", what, answer->end.status, last_lines(*answer)));
}

}  // namespace

SandboxSession::SandboxSession(asio::io_context& io, Provider& provider, const E2BOptions& options,
                               const JobSpec& spec, SandboxHandle sandbox, std::string bundle_hash)
    : io_(io),
      provider_(provider),
      options_(options),
      spec_(spec),
      sandbox_(std::move(sandbox)),
      places_(options.folder, attempt_mark(spec.token), std::move(bundle_hash)) {}

seconds SandboxSession::lifetime_for(const E2BOptions& options, const Limits& limits,
                                     bool with_setup) {
  milliseconds time = limits.wall_time.value_or(options.life_ahead) + limits.kill_grace +
                      options.download_timeout + options.orphan_grace;
  if (with_setup) time += options.setup_timeout;
  return rounded_up(time);
}

Awaitable<Outcome<bool>> SandboxSession::prepare(std::shared_ptr<PooledSandbox> sandbox,
                                                 Bundle bundle) {
  if (sandbox->bundle != bundle.hash) {
    const std::string hash = bundle.hash;
    const Outcome<void> unpacked = co_await unpack(std::move(bundle));
    if (!unpacked) co_return tl::unexpected<Failure>(unpacked.error());
    sandbox->bundle = hash;
  }
  if (sandbox->installed || options_.dependencies.empty()) co_return false;
  const Outcome<void> installed = co_await install();
  if (!installed) co_return tl::unexpected<Failure>(installed.error());
  sandbox->installed = true;
  co_return true;
}

Awaitable<Outcome<void>> SandboxSession::upload(std::shared_ptr<PooledSandbox> sandbox) {
  Outcome<void> sent = co_await send_inputs();
  if (!sent) co_return sent;
  co_return co_await extend(sandbox);
}

/// Only when it would end too early: most jobs are shorter than what is left.
Awaitable<Outcome<void>> SandboxSession::extend(std::shared_ptr<PooledSandbox> sandbox) {
  const seconds needed = lifetime_for(options_, spec_.limits, false);
  // A fresh one was asked for with its job's life; what the set-up took is a part of that.
  if (sandbox->ends_at >= Clock::now() + needed) co_return Outcome<void>();
  const seconds lifetime = needed + rounded_up(options_.setup_timeout);
  const auto asked = Clock::now();
  Outcome<void> extended = co_await provider_.set_lifetime(sandbox_.id, lifetime);
  if (extended) sandbox->ends_at = asked + lifetime;
  co_return extended;
}

/// True: what failed so may be tried again, now.
Awaitable<bool> SandboxSession::again(FailureKind kind, int tries) {
  if (!may_pass(kind) || tries >= kTries) co_return false;
  asio::steady_timer pause(io_, milliseconds{100} * (1 << (2 * tries - 2)));
  boost::system::error_code failure;
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
  co_return !failure;
}

Awaitable<Outcome<void>> SandboxSession::unpack(Bundle bundle) {
  for (int tries = 1;; ++tries) {
    Outcome<void> unpacked = co_await unpack_once(bundle);
    if (unpacked) co_return unpacked;
    const bool once_more = co_await again(unpacked.error().kind, tries);
    if (!once_more) co_return unpacked;
  }
}

Awaitable<Outcome<void>> SandboxSession::unpack_once(const Bundle& bundle) {
  Outcome<void> sent = co_await provider_.upload_file(sandbox_, places_.shared() + "/bundle.tar",
                                                      bundle.path, options_.user);
  if (!sent) co_return sent;
  RemoteCommand command;
  command.argv = {"/bin/sh", "-c", kPrepareScript, "prepare", places_.folder(), places_.shared()};
  command.user = options_.user;
  command.time_limit = options_.setup_timeout;
  const Outcome<CommandAnswer> answer =
      co_await provider_.run(sandbox_, std::move(command), kSetupOutput);
  co_return judged(answer, fmt::format("prepare the sandbox {} of the template '{}'", sandbox_.id,
                                       options_.sandbox_template));
}

/// Outside of the evaluation's time, once per sandbox. What is there already costs no network.
Awaitable<Outcome<void>> SandboxSession::install() {
  RemoteCommand command;
  command.argv = {options_.python,
                  "-m",
                  "pip",
                  "install",
                  "--quiet",
                  "--no-input",
                  "--disable-pip-version-check"};
  for (const std::string& name : options_.dependencies) command.argv.push_back(name);
  // Distributions reserve their Python for their own packages; a sandbox is ours.
  command.environment = {{"PIP_BREAK_SYSTEM_PACKAGES", "1"}, {"PIP_ROOT_USER_ACTION", "ignore"}};
  command.user = options_.user;
  command.time_limit = options_.setup_timeout;
  const Outcome<CommandAnswer> answer =
      co_await provider_.run(sandbox_, std::move(command), kSetupOutput);
  Outcome<void> installed =
      judged(answer, fmt::format("install {} with pip in the sandbox {}",
                                 join(options_.dependencies, ", "), sandbox_.id));
  if (!installed && installed.error().kind == FailureKind::deadline) {
    installed.error().message +=
        fmt::format(" (job_config.setup_timeout is {})", format_duration(options_.setup_timeout));
  }
  co_return installed;
}

/// Above them the job's folders appear: where hundreds of sandboxes share a machine, a process that
/// makes these is a tenth of what a job costs.
std::vector<FileText> SandboxSession::texts() const {
  std::vector<FileText> files;
  files.reserve(2 + spec_.inputs.size());
  files.emplace_back(places_.results() + "/job_log.err", "");
  files.emplace_back(places_.state() + "/sent", "");
  for (const InputFile& input : spec_.inputs) {
    if (!input.copy_of) files.emplace_back(places_.work() + "/" + input.path, input.content);
  }
  return files;
}

Awaitable<Outcome<void>> SandboxSession::send_inputs() {
  for (int tries = 1;; ++tries) {
    const Outcome<void> sent = co_await provider_.write_files(sandbox_, texts(), options_.user);
    if (sent) break;
    const bool once_more = co_await again(sent.error().kind, tries);
    if (!once_more) co_return sent;
  }
  for (const InputFile& input : spec_.inputs) {
    if (!input.copy_of) continue;
    const std::string path = places_.work() + "/" + input.path;
    for (int tries = 1;; ++tries) {
      const Outcome<void> sent =
          co_await provider_.upload_file(sandbox_, path, *input.copy_of, options_.user);
      if (sent) break;
      const bool once_more = co_await again(sent.error().kind, tries);
      if (!once_more) co_return sent;
    }
  }
  co_return Outcome<void>();
}

Awaitable<Outcome<std::int64_t>> SandboxSession::start() {
  RemoteCommand command;
  command.argv = wrapped_command(spec_, places_, options_.cwd);
  for (const auto& [name, value] : spec_.environment) {
    command.environment[name] = places_.filled(value);
  }
  if (options_.numeric_threads) {
    for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
      command.environment.emplace(name, std::to_string(*options_.numeric_threads));
    }
  }
  command.environment["GENESIS_ATTEMPT_TOKEN"] = spec_.token;
  command.user = options_.user;
  failpoint("e2b.before_start");
  auto started = co_await provider_.start(sandbox_, std::move(command));
  failpoint("e2b.after_start");
  if (!started) {
    pid_ = co_await pid_of_unanswered(started.error().kind);
    if (pid_ == 0) co_return tl::unexpected<Failure>(std::move(started.error()));
    co_return pid_;
  }
  stream_ = std::move(*started);
  pid_ = stream_->pid();
  co_return pid_;
}

/// The answer to the start was lost: should the job run, it says so itself. 0: it does not.
Awaitable<std::int64_t> SandboxSession::pid_of_unanswered(FailureKind kind) {
  for (int tries = 1;; ++tries) {
    const bool once_more = co_await again(kind, tries);
    if (!once_more) co_return 0;
    const Outcome<std::string> text =
        co_await provider_.read_file(sandbox_, places_.pid_file(), 64, options_.user);
    if (text) {
      const std::int64_t pid = pid_in(*text);
      if (pid > 0) co_return pid;
    } else if (text.error().kind == FailureKind::sandbox_gone) {
      co_return 0;
    }
  }
}

/// Until the stream ends, for good or ill.
Awaitable<Outcome<void>> SandboxSession::watch() {
  while (true) {
    Outcome<CommandPiece> piece = co_await stream_->next();
    if (!piece) co_return tl::unexpected<Failure>(std::move(piece.error()));
    if (piece->kind == CommandPiece::Kind::end) co_return Outcome<void>();
    if (piece->kind == CommandPiece::Kind::output && output_.size() < kMostOutput) {
      output_ += piece->bytes;
    }
  }
}

Awaitable<std::optional<WrapperAnswer>> SandboxSession::read_record() {
  const Outcome<std::string> text =
      co_await provider_.read_file(sandbox_, places_.exit_file(), kMostOutput, options_.user);
  if (!text) co_return std::nullopt;
  auto record = parse_exit_record(*text);
  if (!record) co_return std::nullopt;
  WrapperAnswer answer;
  answer.record = std::move(*record);
  co_return answer;
}

Awaitable<Outcome<std::optional<ExitRecord>>> SandboxSession::look() {
  stream_.reset();  // Nobody reads it: the job's word is in its file.
  const Outcome<std::string> text =
      co_await provider_.read_file(sandbox_, places_.exit_file(), kMostOutput, options_.user);
  std::optional<ExitRecord> found;
  if (text) {
    auto record = parse_exit_record(*text);
    if (!record) co_return fail(FailureKind::broken, record.error().message);
    found = std::move(*record);
  } else if (text.error().kind != FailureKind::not_found) {
    co_return tl::unexpected<Failure>(text.error());
  }
  co_return found;
}

Awaitable<Outcome<WrapperAnswer>> SandboxSession::follow() {
  constexpr int kMostTries = 8;
  int tries = 0;
  Failure last(FailureKind::broken, "the job's stream was cut");
  while (true) {
    bool ended = false;
    if (stream_) {
      Outcome<void> watched = co_await watch();
      stream_.reset();
      ended = watched.has_value();
      if (ended) {
        if (auto answer = parse_answer(output_)) co_return std::move(*answer);
      } else {
        last = watched.error();
        if (last.kind == FailureKind::sandbox_gone || last.kind == FailureKind::cancelled) break;
      }
    }
    // Whatever became of the stream, the job's own word counts.
    std::optional<WrapperAnswer> answer = co_await read_record();
    if (answer) co_return std::move(*answer);
    if (ended) {
      last = Failure(FailureKind::broken, "the job's wrapper ended without a word of how it went");
      break;
    }
    if (++tries > kMostTries) break;
    auto again = co_await provider_.follow(sandbox_, pid_);
    if (again) {
      stream_ = std::move(*again);
      output_.clear();
      tries = 0;
      continue;
    }
    last = again.error();
    if (last.kind == FailureKind::sandbox_gone || last.kind == FailureKind::cancelled) break;
    if (last.kind == FailureKind::not_found) {
      // It ended between the two looks, or it never was.
      answer = co_await read_record();
      if (answer) co_return std::move(*answer);
      break;
    }
    asio::steady_timer pause(io_, milliseconds{250} * (1 << std::min(tries, 6)));
    boost::system::error_code failure;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
    if (failure) break;
  }
  co_return tl::unexpected<Failure>(std::move(last));
}

Awaitable<Outcome<WrapperAnswer>> SandboxSession::find_again(std::int64_t pid) {
  std::optional<WrapperAnswer> answer = co_await read_record();
  if (answer) co_return std::move(*answer);
  if (pid == 0) {
    const Outcome<std::string> text =
        co_await provider_.read_file(sandbox_, places_.pid_file(), 64, options_.user);
    if (!text && text.error().kind == FailureKind::not_found) {
      co_return fail(FailureKind::not_found, "it was not started before its runner ended");
    }
    if (!text) co_return tl::unexpected<Failure>(text.error());
    pid = pid_in(*text);
  }
  if (pid <= 0) {
    co_return fail(FailureKind::broken, "the job's pid in its sandbox is no number");
  }
  pid_ = pid;
  co_return co_await follow();
}

bool SandboxSession::is_wanted(const std::string& name) const {
  const auto matches = [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  };
  static const std::vector<std::string> kAlways{"metrics.json", "correct.json", "job_log.out",
                                                "job_log.err", "extra.*"};
  return std::any_of(kAlways.begin(), kAlways.end(), matches) ||
         std::any_of(spec_.outputs.begin(), spec_.outputs.end(), matches) ||
         std::any_of(options_.download.begin(), options_.download.end(), matches);
}

Awaitable<Outcome<void>> SandboxSession::download(const std::string& name, const fs::path& target) {
  for (int tries = 1;; ++tries) {
    const auto got =
        co_await provider_.download_file(sandbox_, places_.results() + "/" + name, target,
                                         options_.max_download_bytes, options_.user);
    if (got) co_return Outcome<void>();
    const bool once_more = co_await again(got.error().kind, tries);
    if (!once_more) co_return tl::unexpected<Failure>(got.error());
  }
}

Awaitable<Outcome<std::string>> SandboxSession::collect(WrapperAnswer answer, fs::path folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (const Status made = make_directories(folder); !made) {
    co_return fail(FailureKind::local_io, made.error().message);
  }
  const auto deadline = Clock::now() + options_.download_timeout;
  std::string note;
  for (const auto& [name, size] : answer.record.files) {
    if (!is_wanted(name)) continue;
    const fs::path target = folder / name;
    if (const Status made = make_directories(target.parent_path()); !made) {
      co_return fail(FailureKind::local_io, made.error().message);
    }
    const auto shown = answer.files.find(name);
    if (shown != answer.files.end()) {
      if (const Status written = write_file(target, shown->second); !written) {
        co_return fail(FailureKind::local_io, written.error().message);
      }
      continue;
    }
    if (size > options_.max_download_bytes) {
      note = fmt::format("{} has {}, more than job_config.max_download_bytes", name,
                         format_bytes(size));
      continue;
    }
    if (Clock::now() >= deadline) {
      co_return fail(FailureKind::deadline,
                     fmt::format("the results took longer than job_config.download_timeout ({})",
                                 format_duration(options_.download_timeout)));
    }
    const Outcome<void> got = co_await download(name, target);
    if (got) continue;
    if (got.error().kind != FailureKind::not_found && got.error().kind != FailureKind::too_large) {
      co_return tl::unexpected<Failure>(got.error());
    }
    note = got.error().message;
  }
  co_return note;
}

}  // namespace genesis::launch::e2b
