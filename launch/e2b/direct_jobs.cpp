#include "launch/e2b/direct_jobs.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/home.h"
#include "launch/e2b/bundle.h"
#include "launch/e2b/e2b_outcome.h"
#include "launch/e2b/job_ref.h"
#include "launch/e2b/provider_choice.h"
#include "launch/e2b/sandbox_session.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;

/// A submitted job. Touched on the I/O thread only.
struct Entry {
  DirectJob job;
  E2BOptions options;
  JobSpec spec;
  std::shared_ptr<PooledSandbox> sandbox = std::make_shared<PooledSandbox>();
  std::unique_ptr<SandboxSession> session;
  std::optional<JobOutcome> ended;
};

DirectStatus status_of(const JobOutcome& outcome) {
  switch (outcome.kind) {
    case JobOutcomeKind::exited:
      return outcome.exit_code == 0 ? DirectStatus::completed : DirectStatus::failed;
    case JobOutcomeKind::timeout:
      return DirectStatus::timeout;
    case JobOutcomeKind::out_of_memory:
      return DirectStatus::out_of_memory;
    case JobOutcomeKind::lost:
    case JobOutcomeKind::backend_error:
      return DirectStatus::lost;
    default:
      return DirectStatus::failed;
  }
}

InputFile copied(const std::string& place, const fs::path& from) {
  InputFile input;
  input.path = place;
  input.copy_of = fs::absolute(find_data_file(from));
  return input;
}

/// The modules that evaluators import from Genesis.
SharedFiles helper_files() {
  SharedFiles shared;
  const auto home = home_directory();
  if (!home) return shared;
  const fs::path folder = *home / "evaluators" / "python";
  std::error_code failure;
  for (fs::recursive_directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->path().extension() != ".py") continue;
    shared.files.push_back(
        copied("python/" + it->path().lexically_relative(folder).string(), it->path()));
  }
  return shared;
}

std::shared_ptr<Entry> entry_of(DirectJob job) {
  auto entry = std::make_shared<Entry>();
  entry->options.sandbox_template = job.template_id;
  entry->options.dependencies = job.dependencies;
  entry->options.additional_files = job.additional_files;
  entry->options.python = job.python;
  JobSpec& spec = entry->spec;
  spec.token = "direct-" + random_hex(16);
  spec.work_dir = job.log_dir;
  const std::string program = "main" + job.exec_fname.extension().string();
  spec.inputs = {copied(program, job.exec_fname), copied("evaluate.py", job.eval_program_path)};
  spec.argv = {job.python,          "{work}/evaluate.py", "--program_path",
               "{work}/" + program, "--results_dir",      "{results}"};
  spec.environment = job.env_vars;
  spec.environment.emplace("PYTHONPATH", "{shared}/python");
  spec.limits.wall_time = job.timeout;
  entry->job = std::move(job);
  return entry;
}

Status check_files(const DirectJob& job) {
  for (const fs::path& path : {job.exec_fname, job.eval_program_path}) {
    std::error_code ignored;
    if (!fs::is_regular_file(find_data_file(path), ignored)) {
      return make_error(ErrorKind::not_found,
                        fmt::format("submit to a sandbox: there is no file '{}'", path.string()));
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(DirectStatus status) {
  constexpr std::string_view kNames[] = {"running", "completed",     "failed",
                                         "timeout", "out_of_memory", "lost"};
  return kNames[static_cast<std::size_t>(status)];
}

struct DirectJobs::State {
  State() : guard(asio::make_work_guard(io)) {}
  ~State() {
    guard.reset();
    io.stop();
    if (thread.joinable()) thread.join();
    jobs.clear();
  }

  /// Runs steps on the loop and waits for them.
  template <typename T>
  T wait(Awaitable<T> steps) {
    return asio::co_spawn(io, std::move(steps), asio::use_future).get();
  }
  Awaitable<Outcome<void>> begin(std::shared_ptr<Entry> entry, Bundle bundle);
  Awaitable<Outcome<DirectStatus>> look(std::shared_ptr<Entry> entry);
  Awaitable<Outcome<DirectResults>> fetch(std::shared_ptr<Entry> entry);
  Result<std::shared_ptr<Entry>> find(const std::string& job_id);

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  std::shared_ptr<Provider> provider;
  std::string notice;
  TempDir folder{"genesis-direct"};
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Entry>> jobs;
  std::thread thread;
};

Awaitable<Outcome<void>> DirectJobs::State::begin(std::shared_ptr<Entry> entry, Bundle bundle) {
  NewSandbox kind;
  kind.sandbox_template = entry->options.sandbox_template;
  kind.lifetime = SandboxSession::lifetime_for(entry->options, entry->spec.limits, true);
  kind.metadata[std::string(kAttemptKey)] = attempt_mark(entry->spec.token);
  Outcome<SandboxHandle> made = co_await provider->create(std::move(kind));
  if (!made) co_return tl::unexpected<Failure>(made.error());
  entry->sandbox->handle = std::move(*made);
  entry->sandbox->ends_at = std::chrono::steady_clock::time_point::max();
  entry->session = std::make_unique<SandboxSession>(io, *provider, entry->options, entry->spec,
                                                    entry->sandbox->handle, bundle.hash);
  const Outcome<bool> prepared =
      co_await entry->session->prepare(entry->sandbox, std::move(bundle));
  Outcome<void> ready;
  if (prepared) {
    ready = co_await entry->session->upload(entry->sandbox);
  } else {
    ready = tl::unexpected<Failure>(prepared.error());
  }
  if (ready) {
    const auto pid = co_await entry->session->start();
    if (pid) co_return Outcome<void>();
    ready = tl::unexpected<Failure>(pid.error());
  }
  // Nothing is left of what could not begin.
  const auto killed = co_await provider->kill(entry->sandbox->handle.id);
  if (!killed) ready.error().message += "; " + killed.error().message;
  co_return ready;
}

Awaitable<Outcome<DirectStatus>> DirectJobs::State::look(std::shared_ptr<Entry> entry) {
  if (entry->ended) co_return status_of(*entry->ended);
  const Outcome<std::optional<ExitRecord>> record = co_await entry->session->look();
  if (!record) {
    if (record.error().kind != FailureKind::sandbox_gone) {
      co_return tl::unexpected<Failure>(record.error());
    }
    entry->ended = outcome_of(record.error(), true);
    co_return DirectStatus::lost;
  }
  if (!*record) co_return DirectStatus::running;
  entry->ended = outcome_of(**record, entry->spec.limits, std::nullopt);
  co_return status_of(*entry->ended);
}

Awaitable<Outcome<DirectResults>> DirectJobs::State::fetch(std::shared_ptr<Entry> entry) {
  const Outcome<std::optional<ExitRecord>> record = co_await entry->session->look();
  if (!record) co_return tl::unexpected<Failure>(record.error());
  if (!*record) co_return fail(FailureKind::unavailable, "the job still runs");
  WrapperAnswer answer;
  answer.record = **record;
  const fs::path target = entry->spec.work_dir / "results";
  const Outcome<std::string> note = co_await entry->session->collect(std::move(answer), target);
  if (!note) co_return tl::unexpected<Failure>(note.error());
  const JobOutcome outcome = outcome_of(**record, entry->spec.limits, std::nullopt);
  const auto text = [&](const char* name, std::string otherwise) {
    return read_file(target / name, 64u << 20, false).value_or(std::move(otherwise));
  };
  DirectResults results;
  results.status = status_of(outcome);
  results.exit_code = outcome.exit_code;
  results.metrics_json = text("metrics.json", "{}");
  const auto correct = nlohmann::json::parse(text("correct.json", "{}"), nullptr, false);
  results.correct = correct.is_object() && correct.contains("correct") &&
                    correct["correct"].is_boolean() && correct["correct"].get<bool>();
  results.stdout_log = text("job_log.out", "");
  results.stderr_log = text("job_log.err", "");
  results.detail =
      outcome.detail.empty() ? missing_module_hint(results.stderr_log) : outcome.detail;
  if (results.detail.empty()) results.detail = *note;
  co_return results;
}

Result<std::shared_ptr<Entry>> DirectJobs::State::find(const std::string& job_id) {
  const std::lock_guard lock(mutex);
  const auto found = jobs.find(job_id);
  if (found != jobs.end()) return found->second;
  return make_error(ErrorKind::not_found, fmt::format("there is no sandbox job '{}'", job_id));
}

DirectJobs::DirectJobs(std::unique_ptr<State> state) : state_(std::move(state)) {}
DirectJobs::~DirectJobs() = default;

Result<std::unique_ptr<DirectJobs>> DirectJobs::connect() {
  auto state = std::make_unique<State>();
  GENESIS_TRY_ASSIGN(ChosenProvider chosen, make_provider(state->io, ProviderChoice::automatic));
  state->provider = std::move(chosen.provider);
  state->notice = std::move(chosen.notice);
  state->thread = std::thread([io = &state->io] { io->run(); });
  return std::unique_ptr<DirectJobs>(new DirectJobs(std::move(state)));
}

const std::string& DirectJobs::notice() const {
  return state_->notice;
}

Result<std::string> DirectJobs::submit_with_files(DirectJob job) {
  GENESIS_TRY(check_files(job));
  auto entry = entry_of(std::move(job));
  const SharedFiles shared = helper_files();
  GENESIS_TRY_ASSIGN(Bundle bundle,
                     make_bundle(&shared, entry->options.additional_files, state_->folder.path()));
  const Outcome<void> begun = state_->wait(state_->begin(entry, std::move(bundle)));
  if (!begun) return tl::unexpected(to_error(begun.error()));
  const std::string id = "e2b-" + random_hex(8);
  const std::lock_guard lock(state_->mutex);
  state_->jobs.emplace(id, std::move(entry));
  return id;
}

Result<DirectStatus> DirectJobs::get_job_status(const std::string& job_id) {
  GENESIS_TRY_ASSIGN(const auto entry, state_->find(job_id));
  const auto status = state_->wait(state_->look(entry));
  if (!status) return tl::unexpected(to_error(status.error()));
  return *status;
}

Result<DirectResults> DirectJobs::download_results(const std::string& job_id) {
  GENESIS_TRY_ASSIGN(const auto entry, state_->find(job_id));
  auto results = state_->wait(state_->fetch(entry));
  if (!results) return tl::unexpected(to_error(results.error()));
  return std::move(*results);
}

Result<SandboxInfo> DirectJobs::get_sandbox_info(const std::string& job_id) {
  GENESIS_TRY_ASSIGN(const auto entry, state_->find(job_id));
  auto info = state_->wait(state_->provider->info(entry->sandbox->handle.id));
  if (!info) return tl::unexpected(to_error(info.error()));
  return std::move(*info);
}

Result<bool> DirectJobs::cancel_job(const std::string& job_id) {
  GENESIS_TRY_ASSIGN(const DirectStatus status, get_job_status(job_id));
  if (status != DirectStatus::running) return false;
  GENESIS_TRY_ASSIGN(const auto entry, state_->find(job_id));
  const auto killed = state_->wait(state_->provider->kill(entry->sandbox->handle.id));
  if (!killed) return tl::unexpected(to_error(killed.error()));
  return true;
}

Status DirectJobs::cleanup_sandbox(const std::string& job_id) {
  GENESIS_TRY_ASSIGN(const auto entry, state_->find(job_id));
  const auto killed = state_->wait(state_->provider->kill(entry->sandbox->handle.id));
  if (!killed) return tl::unexpected(to_error(killed.error()));
  const std::lock_guard lock(state_->mutex);
  state_->jobs.erase(job_id);
  return {};
}

Result<DirectStatus> DirectJobs::monitor(const std::string& job_id, milliseconds at_most,
                                         const std::function<void(DirectStatus)>& look) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  std::optional<DirectStatus> last;
  while (true) {
    GENESIS_TRY_ASSIGN(const DirectStatus status, get_job_status(job_id));
    if (look && status != last) look(status);
    last = status;
    if (status != DirectStatus::running || std::chrono::steady_clock::now() >= deadline) {
      return status;
    }
    std::this_thread::sleep_for(milliseconds{200});
  }
}

}  // namespace genesis::launch::e2b
