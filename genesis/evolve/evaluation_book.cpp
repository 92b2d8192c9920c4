#include "genesis/evolve/evaluation_book.h"

#include <algorithm>

namespace genesis::evolve {

Evaluation& EvaluationBook::add(Evaluation evaluation) {
  auto owned = std::make_unique<Evaluation>(std::move(evaluation));
  Evaluation& added = *owned;
  by_token_[added.token] = &added;
  by_id_[added.id] = std::move(owned);
  ++counts_[static_cast<std::size_t>(added.state)];
  if (added.state == Evaluation::State::ready) ready_.push_back(added.id);
  return added;
}

Evaluation* EvaluationBook::find(std::int64_t id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second.get();
}

Evaluation* EvaluationBook::find_token(const std::string& token) {
  const auto at = by_token_.find(token);
  return at == by_token_.end() ? nullptr : at->second;
}

void EvaluationBook::move_to(Evaluation& evaluation, Evaluation::State state) {
  if (evaluation.state == Evaluation::State::ready) std::erase(ready_, evaluation.id);
  --counts_[static_cast<std::size_t>(evaluation.state)];
  evaluation.state = state;
  ++counts_[static_cast<std::size_t>(state)];
  if (state == Evaluation::State::ready) ready_.push_back(evaluation.id);
}

void EvaluationBook::renew(Evaluation& evaluation, std::string token) {
  by_token_.erase(evaluation.token);
  ++evaluation.key.attempt;
  evaluation.token = std::move(token);
  evaluation.reattach = false;
  evaluation.reattach_ref.reset();
  evaluation.accepted = false;
  by_token_[evaluation.token] = &evaluation;
}

void EvaluationBook::remove(std::int64_t id) {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return;
  Evaluation& gone = *at->second;
  if (gone.state == Evaluation::State::ready) std::erase(ready_, id);
  --counts_[static_cast<std::size_t>(gone.state)];
  by_token_.erase(gone.token);
  by_id_.erase(at);
}

Evaluation* EvaluationBook::next_ready() {
  return ready_.empty() ? nullptr : find(ready_.front());
}

void EvaluationBook::wake(std::chrono::steady_clock::time_point now) {
  if (count(Evaluation::State::waiting) == 0) return;
  for (auto& [id, evaluation] : by_id_) {
    if (evaluation->state == Evaluation::State::waiting && now >= evaluation->retry_at) {
      move_to(*evaluation, Evaluation::State::ready);
    }
  }
  std::sort(ready_.begin(), ready_.end());  // map order must not decide who goes first
}

std::vector<Evaluation*> EvaluationBook::all() {
  std::vector<Evaluation*> found;
  for (auto& [id, evaluation] : by_id_) found.push_back(evaluation.get());
  std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->id < b->id; });
  return found;
}

}  // namespace genesis::evolve
