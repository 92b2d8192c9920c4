#include "launch/slurm/job_tracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/slurm/batch_script.h"
#include "launch/slurm/slurm_reasons.h"

namespace genesis::launch::slurm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kHopelessRefusals = 6;
constexpr milliseconds kRecordFirst{500};

}  // namespace

JobTracker::JobTracker(TrackerPolicy policy, Time now)
    : policy_(std::move(policy)), opened_(now), next_query_(now), submit_after_(now) {}

JobTracker::Job* JobTracker::find(const std::string& mark) {
  const auto found = jobs_.find(mark);
  return found == jobs_.end() ? nullptr : &found->second;
}

void JobTracker::add(const std::string& mark, const std::string& kind, Time now) {
  Job job;
  job.kind = kind;
  job.since = now;
  if (jobs_.emplace(mark, std::move(job)).second) waiting_.push_back(mark);
}

void JobTracker::know_array(const std::string& group, std::vector<std::string> marks) {
  arrays_[group] = std::move(marks);
}

void JobTracker::arrays_known(std::optional<int> most) {
  policy_.arrays_wait = false;
  if (most) policy_.array_most = std::clamp(*most, 1, policy_.array_most);
}

/// The job that a row is about: its name says, or its name and its place in an array.
std::string JobTracker::mark_of_row(const QueueRow& row) const {
  const std::string named = mark_of(row.name, policy_.name_prefix);
  const std::size_t bar = row.id.find('_');
  const auto array = arrays_.find(named);
  if (bar == std::string::npos || array == arrays_.end()) return named;
  const std::size_t place = std::stoul(row.id.substr(bar + 1, 9));
  return place < array->second.size() ? array->second[place] : named;
}

bool JobTracker::is_name_of(const std::string& name, const std::string& mark) const {
  const std::string named = mark_of(name, policy_.name_prefix);
  if (named == mark) return true;
  const auto array = arrays_.find(named);
  return array != arrays_.end() &&
         std::find(array->second.begin(), array->second.end(), mark) != array->second.end();
}

void JobTracker::add_earlier(const std::string& mark, std::optional<std::string> id, Time now) {
  Job job;
  job.phase = Phase::searching;
  job.earlier = true;
  job.since = now;
  job.id = id.value_or("");
  jobs_.emplace(mark, std::move(job));
  strays_.erase(mark);
  look_soon(now, milliseconds{0});
}

bool JobTracker::is_waiting(const std::string& mark) const {
  const auto found = jobs_.find(mark);
  return found != jobs_.end() && found->second.phase == Phase::queued;
}

void JobTracker::forget(const std::string& mark) {
  if (!is_waiting(mark)) return;
  std::erase(waiting_, mark);
  jobs_.erase(mark);
}

void JobTracker::cancel(const std::string& mark, JobOutcomeKind why, Time now) {
  Job* job = find(mark);
  if (!job || job->ended_as) return;
  job->ended_as = why;
  if (job->phase == Phase::queued) std::erase(waiting_, mark);
  look_soon(now, milliseconds{300});
}

void JobTracker::give_up(const std::string& why, Time now) {
  for (auto& [mark, job] : jobs_) {
    if (job.ended_as) continue;
    job.failure = why;
    cancel(mark, JobOutcomeKind::backend_error, now);
  }
}

void JobTracker::accept(const std::string& mark, const std::string& group, Job& job,
                        const std::string& id, Time now) {
  job.phase = Phase::submitted;
  job.since = now;
  job.id = id;
  if (!std::exchange(job.accepted_told, true)) news_.push_back(TellAccepted{mark, id, group});
}

void JobTracker::submitted(const std::string& mark, const std::string& id, Time now) {
  answered();
  --submitting_;
  refusals_ = 0;
  Job* job = find(mark);
  if (!job) return;
  accept(mark, mark, *job, id, now);
  look_soon(now, seconds{1});
}

void JobTracker::not_submitted(const std::string& mark, const CommandFailure& failure, Time now) {
  --submitting_;
  if (failure.kind == FailureKind::busy) ++refusals_;
  if (failure.kind != FailureKind::unreachable) answered();
  if (Job* job = find(mark)) take_back(mark, *job, failure, now);
}

void JobTracker::array_submitted(const std::string& group, const std::string& id, Time now) {
  answered();
  --submitting_;
  refusals_ = 0;
  const auto& marks = arrays_[group];
  for (std::size_t place = 0; place < marks.size(); ++place) {
    if (Job* job = find(marks[place])) {
      accept(marks[place], group, *job, fmt::format("{}_{}", id, place), now);
    }
  }
  look_soon(now, seconds{1});
}

void JobTracker::array_not_submitted(const std::string& group, const CommandFailure& failure,
                                     Time now) {
  --submitting_;
  if (failure.kind == FailureKind::busy) ++refusals_;
  if (failure.kind != FailureKind::unreachable) answered();
  auto marks = arrays_[group];
  // The first one comes to the front last.
  std::reverse(marks.begin(), marks.end());
  for (const std::string& mark : marks) {
    if (Job* job = find(mark)) take_back(mark, *job, failure, now);
  }
  // Perhaps only so many at once are too many.
  if (failure.kind == FailureKind::busy && marks.size() > 1) {
    policy_.array_most = std::max(1, static_cast<int>(marks.size()) / 2);
  }
}

/// sbatch did not take it, or did not say so.
void JobTracker::take_back(const std::string& mark, Job& job, const CommandFailure& failure,
                           Time now) {
  job.since = now;
  if (failure.kind == FailureKind::unreachable) {
    // Perhaps it was taken and only the answer was lost: its name tells.
    job.phase = Phase::searching;
    job.absences = 0;
    job.first_absence.reset();
    return;
  }
  job.phase = Phase::queued;
  if (job.ended_as) return;
  if (failure.kind == FailureKind::busy) {
    const int outstanding = live();
    if (outstanding > 0 || refusals_ < kHopelessRefusals) {
      waiting_.push_front(mark);
      ceiling_ = outstanding;
      ceiling_since_ = now;
      ceiling_reason_ = "SLURM takes no more jobs for now: " + failure.text;
      submit_after_ = now + std::min<milliseconds>(
                                milliseconds{1000} * (1 << std::min(refusals_, 5)), kLongestWait);
      return;
    }
  }
  job.ended_as = JobOutcomeKind::backend_error;
  job.failure = failure.text;
}

void JobTracker::answered() {
  down_ = false;
  down_wait_ = seconds{1};
}

void JobTracker::unreachable(const std::string& text, const std::string& at, Time now) {
  asking_queue_ = false;
  if (!std::exchange(down_, true)) {
    down_reason_ = fmt::format("SLURM's controller does not answer since {} ({})", at, text);
  }
  next_query_ = now + down_wait_;
  down_wait_ = doubled(down_wait_, kLongestWait);
}

void JobTracker::queue_seen(const std::vector<QueueRow>& rows, Time asked, Time now) {
  asking_queue_ = false;
  answered();
  std::map<std::string, const QueueRow*> mine;
  for (const QueueRow& row : rows) {
    const std::string mark = mark_of_row(row);
    if (!mark.empty()) mine[mark] = &row;
  }
  strays_.clear();
  for (const auto& [mark, row] : mine) {
    if (!find(mark) && !done_.count(mark) && !has_ended(row->state) &&
        row->state != JobState::ending) {
      strays_.emplace(mark, row->id);
    }
  }
  for (auto& [mark, job] : jobs_) {
    if (job.phase == Phase::queued || job.phase == Phase::submitting) continue;
    const auto found = mine.find(mark);
    if (found == mine.end()) {
      miss_row(job, asked, now);
    } else {
      see_row(mark, job, *found->second, now);
    }
  }
  next_query_ = now + query_wait_;
  query_wait_ = doubled(query_wait_, policy_.poll_interval);
}

void JobTracker::see_row(const std::string& mark, Job& job, const QueueRow& row, Time now) {
  job.absences = 0;
  job.first_absence.reset();
  job.silent_since.reset();
  if (job.phase == Phase::searching)
    accept(mark, mark_of(row.name, policy_.name_prefix), job, row.id, now);
  if (row.state == JobState::running) job.has_begun = true;
  if (has_ended(row.state)) {
    if (!job.over_since) job.over_since = now;
    if (!job.report || !has_ended(job.report->state)) {
      // How it ended is scontrol's to say; until it does this is what is known.
      JobReport report;
      report.id = row.id;
      report.name = row.name;
      report.state = row.state;
      report.state_name = "ended";
      report.reason = row.reason;
      job.report = std::move(report);
      job.must_ask = true;
      // Its record is looked for first: that it ended by itself is said there, and costs no
      // question.
      const bool by_itself = row.state == JobState::completed || row.state == JobState::failed;
      if (by_itself) job.ask_at = std::max(job.ask_at, now + kRecordFirst);
    }
  }
  const std::string why = row.state == JobState::waiting ? hopeless_reason(row.reason) : "";
  if (why.empty()) {
    job.hopeless_since.reset();
  } else if (!job.hopeless_since) {
    job.hopeless_since = now;
    job.hopeless = fmt::format("SLURM will not start it: {} ({})", why, row.reason);
    look_soon(now, kHopelessTime);
  }
}

void JobTracker::miss_row(Job& job, Time asked, Time now) {
  if (job.phase == Phase::searching) {
    if (job.since >= asked) return;
    if (!job.first_absence) job.first_absence = asked;
    ++job.absences;
    if (!job.id.empty()) job.must_ask = true;
    look_soon(now, seconds{1});
  } else if (job.since < asked) {
    // Neither running nor finished: unknown. The others are asked.
    job.must_ask = true;
  }
}

void JobTracker::job_seen(const std::string& mark, const std::optional<JobReport>& report,
                          Time now) {
  answered();
  Job* job = find(mark);
  if (!job) return;
  job->asking = false;
  job->ask_at = now + job->ask_wait;
  job->ask_wait = doubled(job->ask_wait, seconds{10});
  // An id may be of another life of the cluster.
  const bool other = report && !is_name_of(report->name, mark);
  if (!report || other) {
    if (!job->silent_since) job->silent_since = now;
    return;
  }
  job->silent_since.reset();
  if (job->phase == Phase::searching)
    accept(mark, mark_of(report->name, policy_.name_prefix), *job, job->id, now);
  job->must_ask = has_ended(report->state) ? !report->is_final : job->files.has_value();
  if (report->state == JobState::running) job->has_begun = true;
  job->report = report;
  if (has_ended(report->state) && !job->over_since) job->over_since = now;
}

void JobTracker::job_not_asked(const std::string& mark, Time now) {
  if (Job* job = find(mark)) {
    job->asking = false;
    job->ask_at = now + seconds{1};
  }
}

void JobTracker::began(const std::string& mark, Time) {
  if (Job* job = find(mark)) job->has_begun = true;
}

void JobTracker::ended(const std::string& mark, EndFacts facts, Time now) {
  Job* job = find(mark);
  if (!job || job->files) return;
  // A list of files that change meanwhile may have the end and not the beginning.
  if (facts.record) job->has_begun = true;
  job->files = std::move(facts);
  job->files_since = now;
  if (job->report && !has_ended(job->report->state)) job->report.reset();
  job->ask_wait = milliseconds{300};
  job->ask_at = now;
}

void JobTracker::cancel_failed(const std::vector<std::string>& ids) {
  for (auto& [mark, job] : jobs_) {
    if (std::find(ids.begin(), ids.end(), job.id) != ids.end()) job.cancel_sent.reset();
  }
}

void JobTracker::look_soon(Time now, milliseconds wait) {
  if (down_) return;
  query_wait_ = std::clamp<milliseconds>(wait, milliseconds{300}, seconds{1});
  next_query_ = std::min(next_query_, now + wait);
}

}  // namespace genesis::launch::slurm
