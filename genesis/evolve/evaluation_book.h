#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "genesis/program/program.h"
#include "genesis/store/records.h"
#include "launch/job.h"

namespace genesis::evolve {

/// One evaluation on its way from the journal to its record. `running` begins when the launcher has
/// it; with a launcher that prepares ahead it may wait there for a slot.
///
///   journaling → ready → running → reading → (recorded: leaves the book)
///                  ↑         ↓ infrastructure failure
///                  └── waiting (back-off)
struct Evaluation {
  enum class State { journaling, ready, running, reading, waiting };
  State state = State::journaling;
  std::int64_t id = 0;
  store::ProposalRecord proposal;  ///< Without the candidate text.
  std::shared_ptr<const Program> program;
  launch::AttemptKey key;
  std::string token;
  int failures = 0;  ///< Of the infrastructure, in this session.
  std::size_t launcher = 0;
  std::optional<launch::JobRef> reattach_ref;  ///< Set: in flight when an earlier runner ended.
  bool reattach = false;
  bool accepted = false;  ///< The launcher has begun to do something for this attempt.
  std::chrono::steady_clock::time_point retry_at{};
};

/// All evaluations that are not recorded yet. No I/O. One thread.
class EvaluationBook {
 public:
  Evaluation& add(Evaluation evaluation);
  Evaluation* find(std::int64_t id);
  Evaluation* find_token(const std::string& token);
  /// Changes state and the queues with it.
  void move_to(Evaluation& evaluation, Evaluation::State state);
  /// A new attempt: next key, new token.
  void renew(Evaluation& evaluation, std::string token);
  void remove(std::int64_t id);

  /// The oldest ready one, or nullptr. It stays ready until moved.
  Evaluation* next_ready();
  /// Moves those whose back-off is over to ready.
  void wake(std::chrono::steady_clock::time_point now);

  std::size_t count(Evaluation::State state) const {
    return counts_[static_cast<std::size_t>(state)];
  }
  std::size_t size() const { return by_id_.size(); }
  std::vector<Evaluation*> all();

 private:
  std::unordered_map<std::int64_t, std::unique_ptr<Evaluation>> by_id_;
  std::unordered_map<std::string, Evaluation*> by_token_;
  std::deque<std::int64_t> ready_;
  std::size_t counts_[5] = {};
};

}  // namespace genesis::evolve
