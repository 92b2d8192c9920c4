#include "launch/slurm/job_tracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "launch/slurm/batch_script.h"

namespace genesis::launch::slurm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSubmitsAtATime = 4;
constexpr int kQuestionsAtATime = 4;
constexpr std::size_t kCancelsAtATime = 200;
constexpr seconds kLongestWait{30};
/// How long SLURM's word on an end by a signal is waited for.
constexpr seconds kExplanationTime{10};
/// The same for a record where SLURM ended the job: there may be none.
constexpr seconds kShortFileWait{2};
constexpr seconds kHopelessTime{10};
constexpr seconds kSearchTime{2};
constexpr seconds kCancelAgain{30};
constexpr seconds kRememberDone{120};
constexpr int kHopelessRefusals = 6;

template <typename Duration>
milliseconds doubled(milliseconds wait, Duration most) {
  return std::min<milliseconds>(wait * 2, most);
}

}  // namespace

JobTracker::JobTracker(TrackerPolicy policy, Time now)
    : policy_(std::move(policy)), opened_(now), next_query_(now), submit_after_(now) {}

JobTracker::Job* JobTracker::find(const std::string& mark) {
  const auto found = jobs_.find(mark);
  return found == jobs_.end() ? nullptr : &found->second;
}

void JobTracker::add(const std::string& mark) {
  if (jobs_.emplace(mark, Job()).second) waiting_.push_back(mark);
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

void JobTracker::accept(const std::string& mark, Job& job, const std::string& id, Time now) {
  job.phase = Phase::submitted;
  job.since = now;
  job.id = id;
  if (!std::exchange(job.accepted_told, true)) news_.push_back(TellAccepted{mark, id});
}

void JobTracker::submitted(const std::string& mark, const std::string& id, Time now) {
  answered();
  --submitting_;
  refusals_ = 0;
  Job* job = find(mark);
  if (!job) return;
  accept(mark, *job, id, now);
  look_soon(now, seconds{1});
}

void JobTracker::not_submitted(const std::string& mark, const CommandFailure& failure, Time now) {
  --submitting_;
  Job* job = find(mark);
  if (!job) return;
  job->since = now;
  if (failure.kind == FailureKind::unreachable) {
    // Perhaps it was taken and only the answer was lost: its name tells.
    job->phase = Phase::searching;
    job->absences = 0;
    job->first_absence.reset();
    return;
  }
  answered();
  job->phase = Phase::queued;
  if (job->ended_as) return;
  if (failure.kind == FailureKind::busy) {
    const int outstanding = live();
    ++refusals_;
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
  job->ended_as = JobOutcomeKind::backend_error;
  job->failure = failure.text;
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
    const std::string mark = mark_of(row.name, policy_.name_prefix);
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
  if (job.phase == Phase::searching) accept(mark, job, row.id, now);
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
  const bool other = report && mark_of(report->name, policy_.name_prefix) != mark;
  if (!report || other) {
    if (!job->silent_since) job->silent_since = now;
    return;
  }
  job->silent_since.reset();
  if (job->phase == Phase::searching) accept(mark, *job, job->id, now);
  job->must_ask = !has_ended(report->state) && job->files.has_value();
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
  job->files = std::move(facts);
  job->files_since = now;
  job->ask_wait = milliseconds{300};
  job->ask_at = now;
}

void JobTracker::cancel_failed(const std::vector<std::string>& ids) {
  for (auto& [mark, job] : jobs_) {
    if (std::find(ids.begin(), ids.end(), job.id) != ids.end()) job.cancel_sent.reset();
  }
}

int JobTracker::live() const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.phase != Phase::queued;
  }));
}

int JobTracker::slots() const {
  if (down_) return 0;
  return std::min(policy_.most, ceiling_.value_or(policy_.most));
}

void JobTracker::look_soon(Time now, milliseconds wait) {
  if (down_) return;
  query_wait_ = std::clamp<milliseconds>(wait, milliseconds{300}, seconds{1});
  next_query_ = std::min(next_query_, now + wait);
}

/// Whether it is clear that the job is over, and how.
bool JobTracker::is_over(const std::string& mark, Job& job, Time now, TellEnd& end,
                         std::vector<TrackerAction>& actions) {
  if (job.files) {
    end.facts = *job.files;
    const bool clear = job.ended_as || !job.files->record || !needs_explanation(*job.files->record);
    if (clear || job.over_since || now - *job.files_since >= kExplanationTime) return true;
    job.must_ask = true;
    return false;
  }
  if (!job.over_since) return false;
  // The word of squeue alone says too little of an end.
  if (job.ended_as) return true;
  if (job.report && job.report->state_name == "ended" && now - *job.over_since < kExplanationTime) {
    return false;
  }
  const bool by_itself = job.report && (job.report->state == JobState::completed ||
                                        job.report->state == JobState::failed);
  const milliseconds patience =
      by_itself ? policy_.file_wait : std::min<milliseconds>(policy_.file_wait, kShortFileWait);
  if (now - *job.over_since >= patience) return true;
  if (now >= job.look_at) {
    job.look_at = now + job.look_wait;
    job.look_wait = doubled(job.look_wait, seconds{2});
    actions.push_back(LookAtFiles{mark});
  }
  return false;
}

/// Whether everybody who might know of it has been silent for long enough.
bool JobTracker::is_nowhere(Job& job, Time now, TellEnd& end) {
  if (job.phase == Phase::searching && job.id.empty()) {
    const bool searched =
        job.absences >= 2 && job.first_absence && now - *job.first_absence >= kSearchTime;
    end.lost = "SLURM was never asked to run it";
    return searched;
  }
  end.lost =
      fmt::format("neither squeue, scontrol, sacct nor its files know of SLURM's job {}", job.id);
  return job.silent_since && now - *job.silent_since >= policy_.unknown_grace;
}

void JobTracker::judge(const std::string& mark, Job& job, Time now,
                       std::vector<TrackerAction>& actions) {
  if (job.phase == Phase::submitting) return;
  TellEnd end;
  end.mark = mark;
  bool over = false;
  if (job.phase == Phase::queued) {
    over = job.ended_as.has_value();
  } else if (is_over(mark, job, now, end, actions)) {
    over = true;
  } else if (is_nowhere(job, now, end)) {
    if (!job.earlier && job.phase == Phase::searching && !job.ended_as) {
      job.phase = Phase::queued;
      waiting_.push_front(mark);
      return;
    }
    over = true;
  } else if (job.hopeless_since && now - *job.hopeless_since >= kHopelessTime && !job.ended_as) {
    job.ended_as = JobOutcomeKind::backend_error;
    job.failure = job.hopeless;
    look_soon(now, milliseconds{300});
  }
  if (!over) {
    const bool told = job.accepted_told && job.has_begun;
    if (told && !std::exchange(job.started_told, true)) actions.push_back(TellStarted{mark});
    return;
  }
  if (job.has_begun && job.accepted_told && !std::exchange(job.started_told, true)) {
    actions.push_back(TellStarted{mark});
  }
  if (job.report && has_ended(job.report->state)) end.facts.report = job.report;
  end.facts.ended_as = job.ended_as;
  end.failure = job.failure;
  if (job.files || job.over_since || job.ended_as) end.lost.clear();
  done_[mark] = now;
  actions.push_back(std::move(end));
}

void JobTracker::announce(std::vector<TrackerAction>& actions) {
  std::pair<int, std::string> now_is{slots(), ""};
  if (down_) {
    now_is.second = down_reason_;
  } else if (ceiling_ && *ceiling_ < policy_.most) {
    now_is.second = ceiling_reason_;
  }
  if (announced_ == now_is) return;
  announced_ = now_is;
  actions.push_back(TellCapacity{now_is.first, now_is.second});
}

void JobTracker::send_cancels(Time now, std::vector<TrackerAction>& actions) {
  if (down_) return;
  CancelJobs batch;
  for (auto& [mark, job] : jobs_) {
    if (!job.ended_as || job.phase != Phase::submitted || job.over_since) continue;
    if (job.cancel_sent && now - *job.cancel_sent < kCancelAgain) continue;
    if (batch.ids.size() == kCancelsAtATime) break;
    job.cancel_sent = now;
    batch.ids.push_back(job.id);
  }
  if (now - opened_ >= policy_.claim_time) {
    for (auto stray = strays_.begin();
         stray != strays_.end() && batch.ids.size() < kCancelsAtATime;) {
      batch.ids.push_back(stray->second);
      stray = strays_.erase(stray);
    }
  }
  if (batch.ids.empty()) return;
  actions.push_back(std::move(batch));
  look_soon(now, milliseconds{300});
}

void JobTracker::submit_more(Time now, std::vector<TrackerAction>& actions) {
  if (ceiling_ && now - ceiling_since_ >= kLongestWait) {
    ceiling_since_ = now;
    if (++*ceiling_ >= policy_.most) ceiling_.reset();
  }
  if (down_ || now < submit_after_) return;
  // With nothing outstanding a ceiling teaches nothing: one try.
  const int room = std::max(slots(), 1);
  while (!waiting_.empty() && submitting_ < kSubmitsAtATime && live() < room) {
    const std::string mark = waiting_.front();
    waiting_.pop_front();
    Job& job = jobs_.at(mark);
    job.phase = Phase::submitting;
    job.since = now;
    ++submitting_;
    actions.push_back(SubmitJob{mark});
  }
}

void JobTracker::ask_jobs(Time now, std::vector<TrackerAction>& actions) {
  if (down_) return;
  int asking = static_cast<int>(std::count_if(
      jobs_.begin(), jobs_.end(), [](const auto& entry) { return entry.second.asking; }));
  for (auto& [mark, job] : jobs_) {
    if (asking >= kQuestionsAtATime) return;
    if (!job.must_ask || job.asking || job.id.empty() || now < job.ask_at) continue;
    job.asking = true;
    ++asking;
    actions.push_back(AskJob{mark, job.id});
  }
}

void JobTracker::ask_queue(Time now, std::vector<TrackerAction>& actions) {
  // The first look finds out whether there is a controller, and what an earlier runner left.
  const bool wanted = live() > 0 || !strays_.empty() || down_ || next_query_ <= opened_;
  if (asking_queue_ || !wanted || now < next_query_) return;
  asking_queue_ = true;
  actions.push_back(AskQueue{});
}

std::vector<TrackerAction> JobTracker::decide(Time now) {
  std::vector<TrackerAction> actions = std::exchange(news_, {});
  std::vector<std::string> over;
  for (auto& [mark, job] : jobs_) {
    const std::size_t before = actions.size();
    judge(mark, job, now, actions);
    if (actions.size() > before && std::holds_alternative<TellEnd>(actions.back())) {
      over.push_back(mark);
    }
  }
  for (const std::string& mark : over) jobs_.erase(mark);
  std::erase_if(done_, [&](const auto& entry) { return now - entry.second > kRememberDone; });
  submit_more(now, actions);
  send_cancels(now, actions);
  ask_jobs(now, actions);
  ask_queue(now, actions);
  announce(actions);
  return actions;
}

std::optional<JobTracker::Time> JobTracker::next_look(Time now) const {
  std::optional<Time> next;
  const auto consider = [&](Time when) {
    when = std::max(when, now + milliseconds{20});
    if (!next || when < *next) next = when;
  };
  const bool wanted = live() > 0 || !strays_.empty() || down_;
  if (wanted && !asking_queue_) consider(next_query_);
  if (!waiting_.empty() && !down_) consider(submit_after_);
  if (!strays_.empty()) consider(opened_ + policy_.claim_time);
  for (const auto& [mark, job] : jobs_) {
    if (job.must_ask && !job.asking && !down_) consider(job.ask_at);
    if (job.over_since && !job.files) consider(job.look_at);
    if (job.files) consider(*job.files_since + kExplanationTime);
    if (job.silent_since) consider(*job.silent_since + policy_.unknown_grace);
    if (job.first_absence) consider(*job.first_absence + kSearchTime);
    if (job.hopeless_since && !job.ended_as) consider(*job.hopeless_since + kHopelessTime);
  }
  return next;
}

}  // namespace genesis::launch::slurm
