// What follows from what is known: the other half of JobTracker.
#include <fmt/format.h>

#include <algorithm>

#include "launch/slurm/job_tracker.h"

namespace genesis::launch::slurm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSubmitsAtATime = 4;
constexpr int kQuestionsAtATime = 4;
constexpr std::size_t kCancelsAtATime = 200;
/// How long SLURM's word on an end by a signal is waited for.
constexpr seconds kExplanationTime{10};
/// The same for the accounting's word on who cancelled it, which comes a little later.
constexpr seconds kAccountingTime{3};
/// The same for a record where SLURM ended the job: there may be none.
constexpr seconds kShortFileWait{2};
constexpr seconds kSearchTime{2};
constexpr seconds kCancelAgain{30};
constexpr seconds kRememberDone{120};

bool needs_explanation_of(const EndFacts& facts) {
  return facts.record && needs_explanation(*facts.record);
}

}  // namespace

int JobTracker::live() const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.phase != Phase::queued;
  }));
}

int JobTracker::slots() const {
  if (down_) return 0;
  return std::min(policy_.most, ceiling_.value_or(policy_.most));
}

/// Whether SLURM has said how it ended, or has had its time to. The word of squeue alone says too
/// little.
bool JobTracker::is_settled(const Job& job, Time now) const {
  if (!job.over_since) return false;
  if (!job.report || job.report->state_name == "ended") {
    return now - *job.over_since >= kExplanationTime;
  }
  return job.report->is_final || now - *job.over_since >= kAccountingTime;
}

/// Whether it is clear that the job is over, and how.
bool JobTracker::is_over(const std::string& mark, Job& job, Time now, TellEnd& end,
                         std::vector<TrackerAction>& actions) {
  if (job.files) {
    end.facts = *job.files;
    const bool clear = job.ended_as || !needs_explanation_of(*job.files);
    if (down_) job.files_since = now;
    const bool put_back = job.report && job.report->state == JobState::waiting;
    if (clear || put_back || is_settled(job, now)) return true;
    if (now - *job.files_since >= kExplanationTime) return true;
    job.must_ask = true;
    return false;
  }
  if (!job.over_since) return false;
  if (job.ended_as) return true;
  const bool by_itself =
      job.report && !is_unwritable(*job.report) &&
      (job.report->state == JobState::completed || job.report->state == JobState::failed);
  const milliseconds patience =
      by_itself ? policy_.file_wait : std::min<milliseconds>(policy_.file_wait, kShortFileWait);
  if (now - *job.over_since >= patience && is_settled(job, now)) return true;
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
  if (down_ && job.silent_since) job.silent_since = now;
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
  const bool put_back = job.files && job.report && job.report->state == JobState::waiting;
  if (put_back || (job.report && has_ended(job.report->state))) end.facts.report = job.report;
  // Perhaps it will be started again: not beside the attempt that follows.
  const bool unsettled =
      job.files && !job.over_since && !job.ended_as && needs_explanation_of(*job.files);
  if (unsettled && !job.id.empty()) actions.push_back(CancelJobs{{job.id}});
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
  if (policy_.arrays_wait) return;
  if (policy_.array_most > 1) return submit_array(room, now, actions);
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

/// What waits goes as one array, a window after there was something and room for it: ends come one
/// by one, and so would arrays. Sooner only when nothing can be added.
void JobTracker::submit_array(int room, Time now, std::vector<TrackerAction>& actions) {
  const int free = std::min(room - live(), policy_.array_most);
  if (waiting_.empty() || free < 1) return batch_since_.reset();
  if (submitting_ >= kSubmitsAtATime) return;
  if (!batch_since_) batch_since_ = now;
  const std::string kind = jobs_.at(waiting_.front()).kind;
  SubmitArray array;
  for (const std::string& mark : waiting_) {
    if (static_cast<int>(array.marks.size()) == free) break;
    if (jobs_.at(mark).kind == kind) array.marks.push_back(mark);
  }
  const int most = std::min(policy_.most, policy_.array_most);
  const bool full = static_cast<int>(array.marks.size()) >= most;
  if (!full && now - *batch_since_ < policy_.batch_window) return;
  batch_since_.reset();
  array.group = array.marks.front();
  for (const std::string& mark : array.marks) {
    std::erase(waiting_, mark);
    jobs_.at(mark).phase = Phase::submitting;
    jobs_.at(mark).since = now;
  }
  ++submitting_;
  arrays_[array.group] = array.marks;
  actions.push_back(std::move(array));
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

/// Arrays of which nothing is left, here or in a list to come.
void JobTracker::forget_arrays(Time now, std::vector<TrackerAction>& actions) {
  if (now - opened_ < policy_.claim_time) return;
  for (auto array = arrays_.begin(); array != arrays_.end();) {
    const bool needed = std::any_of(
        array->second.begin(), array->second.end(),
        [&](const std::string& mark) { return jobs_.count(mark) != 0 || done_.count(mark) != 0; });
    if (!needed) actions.push_back(ForgetArray{array->first});
    array = needed ? std::next(array) : arrays_.erase(array);
  }
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
  if (!over.empty()) forget_arrays(now, actions);
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
  if (!waiting_.empty() && !down_) {
    consider(submit_after_);
    if (batch_since_) consider(*batch_since_ + policy_.batch_window);
  }
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
