#include "genesis/run/publisher.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <charconv>

#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/program/unified_diff.h"

namespace genesis::run {
namespace {

Status rename_path(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) return errno_error("rename to", to.string(), failure.value());
  return {};
}

void remove_tree(const fs::path& path) {
  std::error_code failure;
  // The guard of a killed runner may be putting its marker there just now.
  for (int tries = 0; tries < 5; ++tries) {
    fs::remove_all(path, failure);
    if (failure != std::errc::directory_not_empty) break;
  }
  if (failure) log::warning("cannot remove '{}': {}", path.string(), failure.message());
}

/// One attempt's folder; the evaluation's goes with the last of them.
void remove_attempt(const fs::path& work_dir) {
  remove_tree(work_dir);
  std::error_code not_empty;
  fs::remove(work_dir.parent_path(), not_empty);
}

/// attempt_10 is later than attempt_9. Empty where there is none.
fs::path latest_attempt(const fs::path& evaluation) {
  fs::path latest;
  std::error_code failure;
  for (const auto& attempt : fs::directory_iterator(evaluation, failure)) {
    if (::strverscmp(latest.c_str(), attempt.path().c_str()) < 0) latest = attempt.path();
  }
  return latest;
}

}  // namespace

std::string published_name(const Program& program, const std::string& extension) {
  return program.files().size() == 1 ? "main." + extension : program.primary().path;
}

Status write_generation(const Program& program, const Program* parent, const std::string& extension,
                        const fs::path& folder) {
  GENESIS_TRY(make_directories(folder));
  if (program.files().size() == 1) {
    GENESIS_TRY(write_file(folder / ("main." + extension), program.text()));
  } else {
    GENESIS_TRY(write_program(program, folder.string()));
  }
  if (parent == nullptr) return {};
  GENESIS_TRY(write_file(folder / ("original." + extension), parent->text()));
  return write_file(folder / "edit.diff", diff_programs(*parent, program, kWholeFileContext).text);
}

Publisher::Publisher(WorkerPool& workers, fs::path run_dir, ResultsConfig config,
                     std::string extension)
    : workers_(workers),
      run_dir_(std::move(run_dir)),
      config_(config),
      extension_(std::move(extension)) {}

bool Publisher::keeps(const store::ProgramRecord& record) const {
  switch (config_.keep) {
    case ResultsKeep::all:
      return true;
    case ResultsKeep::automatic:
      return record.generation <= config_.keep_all_up_to || record.improved;
    case ResultsKeep::improvements:
      return record.improved || record.generation == 0;
    case ResultsKeep::best:
    case ResultsKeep::none:
      return false;
  }
  return false;
}

void Publisher::publish(evolve::PublishOrder order) {
  const bool nothing_to_do = order.work_dir.empty() && !keeps(order.record) &&
                             (!order.record.improved || config_.keep == ResultsKeep::none);
  if (nothing_to_do) return;
  queue_.push_back(std::move(order));
  start_next();
}

void Publisher::discard(fs::path work_dir) {
  // An order without a program: only the folder goes.
  evolve::PublishOrder order;
  order.work_dir = std::move(work_dir);
  queue_.push_back(std::move(order));
  start_next();
}

void Publisher::when_idle(std::function<void()> done) {
  if (!working_ && queue_.empty()) {
    done();
    return;
  }
  idle_.push_back(std::move(done));
}

// One trip to the worker takes all that has gathered: the hand-over costs more than a small order.
void Publisher::start_next() {
  if (working_ || queue_.empty()) return;
  working_ = true;
  auto batch = std::make_shared<std::deque<evolve::PublishOrder>>(std::move(queue_));
  queue_.clear();
  workers_.run(
      [this, batch] {
        for (const evolve::PublishOrder& order : *batch) perform(order);
      },
      [this] {
        working_ = false;
        if (!queue_.empty()) {
          start_next();
          return;
        }
        for (auto& done : std::exchange(idle_, {})) done();
      });
}

void Publisher::perform(const evolve::PublishOrder& order) const {
  if (order.program) {
    Status published;
    if (keeps(order.record)) {
      published =
          publish_generation(order, run_dir_ / fmt::format("gen_{}", order.record.generation));
    }
    if (published && order.record.improved && config_.keep != ResultsKeep::none) {
      published = publish_best(order);
    }
    if (!published) {
      // The record is safe in the store; the files can be exported later.
      log::warning("generation {} is recorded but could not be written out: {}",
                   order.record.generation, published.error().message);
    }
  }
  if (order.program) {
    // All its attempts have ended; a crash may have left folders of earlier ones.
    if (!order.work_dir.empty()) remove_tree(order.work_dir.parent_path());
  } else {
    remove_attempt(order.work_dir);
  }
  failpoint("publish.done");
}

Status Publisher::publish_generation(const evolve::PublishOrder& order,
                                     const fs::path& target) const {
  std::error_code ignored;
  if (fs::exists(target, ignored)) return {};  // published before a crash
  const fs::path draft = run_dir_ / fmt::format(".gen_{}.tmp", order.record.generation);
  remove_tree(draft);
  failpoint("publish.write.before");
  GENESIS_TRY(write_generation(*order.program, order.parent.get(), extension_, draft));
  if (!order.work_dir.empty() && fs::exists(order.work_dir / "results", ignored)) {
    failpoint("publish.results.before");
    GENESIS_TRY(rename_path(order.work_dir / "results", draft / "results"));
  }
  failpoint("publish.rename.before");
  GENESIS_TRY(rename_path(draft, target));
  failpoint("publish.rename.after");
  return {};
}

Status Publisher::publish_best(const evolve::PublishOrder& order) const {
  const fs::path draft = run_dir_ / ".best.tmp";
  const fs::path target = run_dir_ / "best";
  const fs::path old = run_dir_ / ".best.old";
  remove_tree(draft);
  const fs::path generation = run_dir_ / fmt::format("gen_{}", order.record.generation);
  std::error_code failure;
  if (fs::exists(generation, failure)) {
    fs::copy(generation, draft, fs::copy_options::recursive | fs::copy_options::copy_symlinks,
             failure);
    if (failure) return errno_error("copy to", draft.string(), failure.value());
  } else {
    GENESIS_TRY(write_generation(*order.program, order.parent.get(), extension_, draft));
    if (!order.work_dir.empty() && fs::exists(order.work_dir / "results", failure)) {
      GENESIS_TRY(rename_path(order.work_dir / "results", draft / "results"));
    }
  }
  failpoint("publish.best.before");
  remove_tree(old);
  if (fs::exists(target, failure)) GENESIS_TRY(rename_path(target, old));
  failpoint("publish.best.between");
  GENESIS_TRY(rename_path(draft, target));
  remove_tree(old);
  failpoint("publish.best.after");
  return {};
}

// Of a pending evaluation the last attempt is for its launcher to collect; one that was given up
// has none.
void Publisher::remove_ended_attempts(const fs::path& folder,
                                      const std::set<fs::path>& in_flight) const {
  std::error_code failure;
  std::vector<fs::path> attempts;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    attempts.push_back(entry.path());
  }
  for (const fs::path& attempt : attempts) {
    if (!in_flight.contains(attempt.lexically_relative(run_dir_))) remove_tree(attempt);
  }
  fs::remove(folder, failure);
}

void Publisher::sweep(
    const std::function<std::optional<evolve::PublishOrder>(std::int64_t evaluation)>& order_of,
    const std::set<fs::path>& in_flight) {
  std::error_code failure;
  // A crash between the two renames of publish_best leaves the old one aside: put it back first.
  if (!fs::exists(run_dir_ / "best", failure) && fs::exists(run_dir_ / ".best.old", failure)) {
    fs::rename(run_dir_ / ".best.old", run_dir_ / "best", failure);
  }
  std::vector<fs::path> evaluations;
  for (const auto& entry : fs::directory_iterator(run_dir_ / "evaluations", failure)) {
    evaluations.push_back(entry.path());
  }
  for (const fs::path& folder : evaluations) {
    const std::string name = folder.filename().string();
    std::int64_t evaluation = -1;
    std::from_chars(name.data(), name.data() + name.size(), evaluation);
    auto order = order_of(evaluation);
    if (!order) {
      remove_ended_attempts(folder, in_flight);
      continue;
    }
    const fs::path latest = latest_attempt(folder);
    // Its results may already be in the draft of an interrupted publication.
    const fs::path draft = run_dir_ / fmt::format(".gen_{}.tmp", order->record.generation);
    if (!latest.empty() && !fs::exists(latest / "results", failure) &&
        fs::exists(draft / "results", failure)) {
      fs::rename(draft / "results", latest / "results", failure);
    }
    order->work_dir = latest;
    perform(*order);
    remove_tree(folder);  // Also where there was no attempt's folder in it.
  }
  for (const auto& entry : fs::directory_iterator(run_dir_, failure)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".gen_") && name.ends_with(".tmp")) remove_tree(entry.path());
  }
  remove_tree(run_dir_ / ".best.tmp");
  remove_tree(run_dir_ / ".best.old");
}

}  // namespace genesis::run
