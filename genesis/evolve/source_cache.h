#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "genesis/evolve/mutation_request.h"
#include "genesis/program/program.h"
#include "genesis/store/run_store.h"

namespace genesis::evolve {

/// A recorded program with what mutators see of it.
struct CachedSource {
  std::shared_ptr<const Program> program;
  std::string public_json;
  std::string text_feedback;
  std::optional<EvaluationFailure> failure;  ///< Set when the program is not correct.
};

/// How a recorded program failed; nothing when it is correct.
std::optional<EvaluationFailure> failure_of(const store::ProgramRecord& record);

/// The texts of recently used programs; the rest is read from the store. Bounded by bytes, so that
/// memory does not grow with the length of a run. One thread.
class SourceCache {
 public:
  explicit SourceCache(store::RunStore& store, std::size_t max_bytes = 64u << 20)
      : store_(store), max_bytes_(max_bytes) {}

  void put(std::int64_t generation, CachedSource source);
  Result<CachedSource> get(std::int64_t generation);

 private:
  struct Entry {
    std::int64_t generation;
    CachedSource source;
    std::size_t bytes;
  };

  store::RunStore& store_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> recent_;  // most recently used first
  std::unordered_map<std::int64_t, std::list<Entry>::iterator> index_;
};

}  // namespace genesis::evolve
