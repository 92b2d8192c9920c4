#include "genesis/run/evaluation_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "evaluators/outcome.h"
#include "genesis/base/hash.h"
#include "genesis/base/log.h"

namespace genesis::run {

EvaluationBatch::EvaluationBatch(Parts parts) : parts_(std::move(parts)) {}
EvaluationBatch::~EvaluationBatch() = default;

Status EvaluationBatch::start(std::vector<BatchItem> items,
                              std::function<void(BatchResult)> on_result,
                              std::function<void()> on_end) {
  on_result_ = std::move(on_result);
  on_end_ = std::move(on_end);
  left_ = items.size();
  std::int64_t number = 0;
  for (BatchItem& item : items) waiting_.push_back({std::move(item), 1, number++, {}});
  GENESIS_TRY(parts_.launcher->open([this](launch::Event event) { on_event(std::move(event)); }));
  boost::asio::post(*parts_.io, [this] { end_if_done(); });
  return {};
}

void EvaluationBatch::stop() {
  if (stopping_) return close(std::chrono::seconds(2));
  stopping_ = true;
  waiting_.clear();
  if (!closing_) parts_.launcher->drain();
  end_if_done();
}

void EvaluationBatch::on_event(launch::Event event) {
  if (const auto* capacity = std::get_if<launch::Capacity>(&event)) {
    slots_ = capacity->slots;
    submit_more();
  } else if (auto* finished = std::get_if<launch::Finished>(&event)) {
    on_finished(*finished);
  } else if (auto* usage = std::get_if<launch::Usage>(&event); usage && parts_.on_usage) {
    parts_.on_usage(std::move(*usage));
  }
}

void EvaluationBatch::submit_more() {
  const auto most = static_cast<std::size_t>(std::clamp(slots_, 0, parts_.jobs));
  while (!waiting_.empty() && running_.size() < most && !closing_) {
    Running next = std::move(waiting_.front());
    waiting_.pop_front();
    submit(std::move(next));
  }
}

void EvaluationBatch::submit(Running next) {
  launch::AttemptKey key;
  key.evaluation = next.number;
  key.attempt = next.attempt;
  const std::string token =
      fmt::format("again-{}.a{}-{}", next.number, next.attempt, random_hex(8));
  launch::JobSpec spec = parts_.planner->plan(*next.item.program, key, token);
  if (next.item.unseen_seed) {
    spec.environment[std::string(launch::kUnseenSeedVariable)] =
        std::to_string(*next.item.unseen_seed);
  }
  next.work_dir = spec.work_dir;
  running_.emplace(token, std::move(next));
  parts_.launcher->submit(std::move(spec));
}

void EvaluationBatch::on_finished(launch::Finished& event) {
  const auto at = running_.find(event.token);
  if (at == running_.end()) return;
  Running ended = std::move(at->second);
  running_.erase(at);
  const bool infrastructure = launch::is_infrastructure_failure(event.outcome.kind);
  const bool cancelled = event.outcome.kind == launch::JobOutcomeKind::cancelled;
  if (infrastructure && ended.attempt < parts_.max_attempts && !stopping_) {
    log::warning("generation {} again, attempt {}: {}", ended.item.generation, ended.attempt,
                 launch::describe(event.outcome));
    ++ended.attempt;
    waiting_.push_back(std::move(ended));
  } else if (!cancelled) {
    evaluators::EvaluationOutcome outcome = parts_.planner->judge(event.outcome, event.results);
    BatchResult result;
    result.outcome = outcome.kind == evaluators::OutcomeKind::job_failure
                         ? std::string(to_string(event.outcome.kind))
                         : std::string(to_string(outcome.kind));
    result.error = std::move(outcome.error);
    result.score = outcome.combined_score;
    result.correct = outcome.correct;
    std::error_code ignored;
    if (!ended.work_dir.empty()) {
      std::filesystem::remove_all(ended.work_dir, ignored);
      std::filesystem::remove(ended.work_dir.parent_path(), ignored);
    }
    result.item = std::move(ended.item);
    --left_;
    on_result_(std::move(result));
  }
  submit_more();
  end_if_done();
}

void EvaluationBatch::end_if_done() {
  if (running_.empty() && waiting_.empty()) close(std::chrono::seconds(10));
}

void EvaluationBatch::close(std::chrono::milliseconds deadline) {
  if (closing_) return;
  closing_ = true;
  // Not inside the launcher's own call.
  parts_.launcher->close(deadline, [this] { boost::asio::post(*parts_.io, on_end_); });
}

}  // namespace genesis::run
