#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "launch/e2b/bundle.h"
#include "launch/e2b/e2b_config.h"
#include "launch/e2b/job_wrapper.h"
#include "launch/e2b/provider.h"
#include "launch/e2b/sandbox_pool.h"

namespace genesis::launch::e2b {

/// One job in one sandbox, step by step. Every step is a coroutine of the I/O loop; a terminal
/// cancellation ends it. Must outlive its steps; so must what it is given.
class SandboxSession {
 public:
  SandboxSession(boost::asio::io_context& io, Provider& provider, const E2BOptions& options,
                 const JobSpec& spec, SandboxHandle sandbox, std::string bundle_hash);

  /// What all jobs share, and the dependencies, unless `sandbox` has them. True: they were
  /// installed now.
  Awaitable<Outcome<bool>> prepare(std::shared_ptr<PooledSandbox> sandbox, Bundle bundle);
  /// The job's own files; and the sandbox lives long enough from now.
  Awaitable<Outcome<void>> upload(std::shared_ptr<PooledSandbox> sandbox);
  /// The pid of the wrapper.
  Awaitable<Outcome<std::int64_t>> start();
  std::int64_t pid() const { return pid_; }
  /// To the end of what start() has started, or of a job that an earlier runner left. Cut streams
  /// are taken up again. Errors: the sandbox is gone, or nobody can tell (`broken`).
  Awaitable<Outcome<WrapperAnswer>> follow();
  /// The end of a job of an earlier runner, waiting for it if it goes on. `pid`: of the wrapper,
  /// where that runner noted it, else 0; the wrapper's own note comes a moment later.
  Awaitable<Outcome<WrapperAnswer>> find_again(std::int64_t pid);
  /// One look: how the job ended, or nothing while it has not.
  Awaitable<Outcome<std::optional<ExitRecord>>> look();
  /// Puts the results into `folder`, which is made anew. False: some that was asked for was too
  /// large or unreadable; `note` says which.
  Awaitable<Outcome<std::string>> collect(WrapperAnswer answer, std::filesystem::path folder);

  /// How long the sandbox must live to run the job and wait for a new runner.
  static std::chrono::seconds lifetime_for(const E2BOptions& options, const Limits& limits,
                                           bool with_setup);

 private:
  Awaitable<Outcome<void>> extend(std::shared_ptr<PooledSandbox> sandbox);
  Awaitable<bool> again(FailureKind kind, int tries);
  Awaitable<Outcome<void>> unpack(Bundle bundle);
  Awaitable<Outcome<void>> unpack_once(const Bundle& bundle);
  Awaitable<Outcome<void>> install();
  std::vector<FileText> texts() const;
  Awaitable<Outcome<void>> send_inputs();
  Awaitable<std::int64_t> pid_of_unanswered(FailureKind kind);
  Awaitable<Outcome<void>> download(const std::string& name, const std::filesystem::path& target);
  Awaitable<std::optional<WrapperAnswer>> read_record();
  Awaitable<Outcome<void>> watch();
  bool is_wanted(const std::string& name) const;

  boost::asio::io_context& io_;
  Provider& provider_;
  const E2BOptions& options_;
  const JobSpec& spec_;
  SandboxHandle sandbox_;
  SandboxPlaces places_;
  std::unique_ptr<CommandStream> stream_;
  std::int64_t pid_ = 0;
  std::string output_;
};

}  // namespace genesis::launch::e2b
