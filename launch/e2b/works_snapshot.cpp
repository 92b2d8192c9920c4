#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "launch/e2b/works.h"

// Dependencies once: the sandbox that has installed them becomes what the others are made from.

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostNote = 4096;

}  // namespace

fs::path Works::snapshot_note() const {
  return state_dir_ / "dependencies.snapshot";
}

/// What an earlier runner of this run has made.
void Works::take_up_snapshot() {
  const auto note = read_file(snapshot_note(), kMostNote);
  if (!note) return;
  const auto id = snapshot_.noted(*note);
  if (!id) return;
  snapshot_.made(*id);
  pool_->start_from(*id);
}

/// Before the job's own files come: the snapshot serves every job.
Awaitable<void> Works::keep_installed(JobPtr job) {
  if (!snapshot_.begin()) co_return;
  const std::string name = snapshot_.name(run_id_);
  failpoint("e2b.before_snapshot");
  const Outcome<std::string> made = co_await provider_->snapshot(job->sandbox->handle.id, name);
  failpoint("e2b.after_snapshot");
  if (!made) {
    snapshot_.not_made(made.error());
    log::info("e2b: every sandbox installs the dependencies: {}", made.error().message);
    co_return;
  }
  snapshot_.made(*made);
  if (const Status noted = write_file_atomic(snapshot_note(), snapshot_.note()); !noted) {
    log::warning("e2b: {}", noted.error().message);
  }
  log::info("e2b: sandboxes are made from the snapshot {} now, which has the dependencies", *made);
  if (pool_) pool_->start_from(*made);
}

/// It was deleted by somebody: installed anew by the next sandbox.
void Works::snapshot_lost() {
  snapshot_.lost();
  std::error_code ignored;
  fs::remove(snapshot_note(), ignored);
}

/// True: something is left to do before the launcher is closed.
bool Works::delete_snapshot() {
  if (deleting_) return true;
  if (snapshot_.id().empty() || options_.keep_snapshots) return false;
  deleting_ = true;
  asio::co_spawn(
      io_, provider_->delete_snapshot(snapshot_.id()),
      [self = shared_from_this()](std::exception_ptr thrown, const Outcome<bool>& deleted) {
        if (thrown || !deleted) {
          log::warning("e2b: the snapshot {} is left at the provider: {}", self->snapshot_.id(),
                       thrown ? std::string("interrupted") : deleted.error().message);
          self->snapshot_.lost();  // Its note stays: the next runner deletes it.
        } else {
          self->snapshot_lost();
        }
        self->deleting_ = false;
        self->close_when_idle();
      });
  return true;
}

}  // namespace genesis::launch::e2b
