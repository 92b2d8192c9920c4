#include "genesis/evolve/seed_queue.h"

#include <utility>

namespace genesis::evolve {

SeedQueue::SeedQueue(std::vector<Seed> seeds)
    : seeds_(std::move(seeds)),
      states_(seeds_.size(), State::waiting),
      generations_(seeds_.size(), -1),
      unsettled_(seeds_.size()) {
  for (std::size_t i = 0; i < seeds_.size(); ++i) by_key_.emplace(seeds_[i].program.key(), i);
}

std::optional<std::size_t> SeedQueue::next() const {
  if (drained()) return std::nullopt;
  const auto parent = seeds_[next_].parent;
  const bool first_is_out = next_ == 0 || states_.front() == State::settled;
  const bool parent_is_out = !parent || states_[*parent] == State::settled;
  if (!first_is_out || !parent_is_out) return std::nullopt;
  return next_;
}

std::int64_t SeedQueue::parent_of(std::size_t index) const {
  if (seeds_[index].generation_before) return *seeds_[index].generation_before;
  const auto parent = seeds_[index].parent;
  return parent ? generations_[*parent] : -1;
}

void SeedQueue::start(const std::string& program_key) {
  const auto found = by_key_.find(program_key);
  if (found == by_key_.end() || states_[found->second] != State::waiting) return;
  states_[found->second] = State::started;
  skip_started();
}

void SeedQueue::settle(const std::string& program_key, std::int64_t generation) {
  const auto found = by_key_.find(program_key);
  if (found == by_key_.end() || states_[found->second] == State::settled) return;
  states_[found->second] = State::settled;
  generations_[found->second] = generation;
  --unsettled_;
  skip_started();
}

// An earlier session may have started some out of order: those that waited for no parent.
void SeedQueue::skip_started() {
  while (next_ < seeds_.size() && states_[next_] != State::waiting) ++next_;
}

}  // namespace genesis::evolve
