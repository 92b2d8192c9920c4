// How the launcher sees what happens on the nodes: empty files in one folder of the run.
#include <algorithm>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "launch/slurm/job_files.h"
#include "launch/slurm/works.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kQuickestLook{20};
constexpr milliseconds kSlowestLook{500};

}  // namespace

void Works::look_at_files(const std::string& mark) {
  const auto found = jobs_.find(mark);
  if (found == jobs_.end()) return;
  if (auto facts = read_end(found->second.spec.work_dir)) {
    tracker_.ended(mark, std::move(*facts), Clock::now());
    pump();
  }
}

void Works::look_soon() {
  look_wait_ = kQuickestLook;
  files_timer_.expires_after(look_wait_);
  files_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->look_at_events();
  });
}

/// One look at one folder finds whatever happened to any job.
void Works::look_at_events() {
  if (!outbox_ || jobs_.empty()) return;
  std::error_code failure;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(places_.events(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  // A beginning before its end, whatever order the folder has.
  std::sort(names.begin(), names.end());
  bool news = false;
  for (const std::string& name : names) news = handle_event(name) || news;
  if (news) {
    pump();
    return look_soon();
  }
  look_wait_ = std::min<milliseconds>(look_wait_ + look_wait_ / 4 + milliseconds{1}, kSlowestLook);
  files_timer_.expires_after(look_wait_);
  files_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    if (const auto self = weak.lock(); self && !stopped) self->look_at_events();
  });
}

void Works::a_node_wrote() {
  if (std::exchange(a_node_wrote_, true) || !probe_) return;
  probe_->not_needed();
}

/// Beside the jobs, not before them: only what a probe has found out against all of them ends them.
void Works::probe_ended(const ProbeVerdict& verdict) {
  probe_.reset();
  if (verdict.result != ProbeResult::not_shared) return log::info("slurm: {}", verdict.text);
  if (a_node_wrote_) {
    return log::warning(
        "slurm: {} (other nodes share it: job_config.exclude keeps jobs from this one)",
        verdict.text);
  }
  log::error("slurm: {}", verdict.text);
  given_up_ = verdict.text;
  tracker_.give_up(given_up_, Clock::now());
  pump();
}

/// Whether it was news. What cannot be read yet is looked at again.
bool Works::handle_event(const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string mark = name.substr(0, dot);
  const std::string what = dot == std::string::npos ? "" : name.substr(dot + 1);
  std::error_code ignored;
  const auto found = jobs_.find(mark);
  if (found == jobs_.end()) {
    // Of a job that has ended here, or of one that nobody asks for.
    if (Clock::now() - opened_ > options_.claim_time) fs::remove(places_.events() / name, ignored);
    return false;
  }
  a_node_wrote();
  if (what == "began") {
    tracker_.began(mark, Clock::now());
  } else if (what == "ended") {
    auto facts = read_end(found->second.spec.work_dir);
    if (!facts) return false;
    tracker_.ended(mark, std::move(*facts), Clock::now());
  }
  fs::remove(places_.events() / name, ignored);
  return true;
}

}  // namespace genesis::launch::slurm
