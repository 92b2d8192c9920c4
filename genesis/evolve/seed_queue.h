#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "genesis/program/program.h"

namespace genesis::evolve {

/// A score that came with an imported program and is believed: it is recorded without an
/// evaluation.
struct TrustedResult {
  double score = 0;
  std::string public_json = "{}";
  std::string private_json = "{}";
  std::string text_feedback;
};

/// A program that a run starts from: recorded like any other, before anything is drawn.
struct Seed {
  Program program;
  /// "seed", "import" for one of an earlier run, "rescore" for one of an earlier epoch.
  std::string mutator = "seed";
  std::string summary = "the program as given";
  int island = 0;
  std::optional<std::size_t> parent;  ///< An earlier one of the same list.
  /// Of an earlier epoch: the generation that it is the same program as, and then its parent.
  std::optional<std::int64_t> generation_before;
  std::optional<TrustedResult> trusted;
};

/// Which seed comes next. The first goes alone, so that generation 0 is what the person named
/// first; of the others one waits only for its parent, whose generation number its record needs. No
/// I/O; one thread.
class SeedQueue {
 public:
  SeedQueue() = default;
  /// Programs differ from each other, and parents come before their children.
  explicit SeedQueue(std::vector<Seed> seeds);

  /// The seed to start now; nothing when none is left or the next one must wait.
  std::optional<std::size_t> next() const;
  const Seed& at(std::size_t index) const { return seeds_[index]; }
  /// By the program's key: is it one of ours?
  bool has(const std::string& program_key) const { return by_key_.contains(program_key); }
  /// The generation of a seed's parent, or of the program that it is evaluated for again, or -1.
  std::int64_t parent_of(std::size_t index) const;

  /// It is on its way to a record (or was when an earlier session ended).
  void start(const std::string& program_key);
  /// It was recorded as `generation`, or given up: -1.
  void settle(const std::string& program_key, std::int64_t generation);

  /// All have been started.
  bool drained() const { return next_ >= seeds_.size(); }
  /// The first is on record (or given up): what it starts is known. True without seeds.
  bool first_settled() const { return states_.empty() || states_.front() == State::settled; }
  /// All have been recorded or given up.
  bool settled() const { return unsettled_ == 0; }
  std::size_t size() const { return seeds_.size(); }

 private:
  enum class State { waiting, started, settled };
  void skip_started();

  std::vector<Seed> seeds_;
  std::vector<State> states_;
  std::vector<std::int64_t> generations_;
  std::unordered_map<std::string, std::size_t> by_key_;
  std::size_t next_ = 0;
  std::size_t unsettled_ = 0;
};

}  // namespace genesis::evolve
