#include "genesis/evolve/source_cache.h"

namespace genesis::evolve {

std::optional<EvaluationFailure> failure_of(const store::ProgramRecord& record) {
  if (record.correct) return std::nullopt;
  return EvaluationFailure{record.outcome, record.error, record.text_feedback, record.log_tail};
}

void SourceCache::put(std::int64_t generation, CachedSource source) {
  if (index_.contains(generation)) return;
  std::size_t bytes =
      source.program->size() + source.public_json.size() + source.text_feedback.size() + 200;
  if (source.failure) {
    bytes += source.failure->error.size() + source.failure->log_tail.size() +
             source.failure->text_feedback.size();
  }
  recent_.push_front({generation, std::move(source), bytes});
  index_[generation] = recent_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_ && recent_.size() > 1) {
    bytes_ -= recent_.back().bytes;
    index_.erase(recent_.back().generation);
    recent_.pop_back();
  }
}

Result<CachedSource> SourceCache::get(std::int64_t generation) {
  if (const auto at = index_.find(generation); at != index_.end()) {
    recent_.splice(recent_.begin(), recent_, at->second);
    return at->second->source;
  }
  auto program = store_.source(generation);
  if (!program && program.error().kind == ErrorKind::not_found) {
    // Recorded but evicted before its commit: rare, and a wait of one commit.
    GENESIS_TRY(store_.flush());
    program = store_.source(generation);
  }
  if (!program) return tl::unexpected<Error>(std::move(program.error()));
  GENESIS_TRY_ASSIGN(store::ProgramRecord record, store_.program(generation));
  std::optional<EvaluationFailure> failure = failure_of(record);
  CachedSource source{std::make_shared<const Program>(std::move(*program)),
                      std::move(record.public_json), std::move(record.text_feedback),
                      std::move(failure)};
  put(generation, source);
  return source;
}

}  // namespace genesis::evolve
