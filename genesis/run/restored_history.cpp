#include "genesis/run/restored_history.h"

#include <utility>

namespace genesis::run {

Result<RestoredHistory> restore_history(store::RunStore& store, evolve::Population& population) {
  RestoredHistory history;
  GENESIS_TRY_ASSIGN(history.loaded, store.load());
  std::size_t next_move = 0;
  const auto& moves = history.loaded.moves;
  GENESIS_TRY(store.for_each_program([&](const store::ProgramRecord& program) {
    evolve::Member member;
    member.generation = program.generation;
    member.parent = program.parent;
    member.score = program.score;
    member.island = program.island;
    member.correct = program.correct;
    population.restore(member);
    for (; next_move < moves.size() && moves[next_move].event <= population.size(); ++next_move) {
      const store::MoveRecord& move = moves[next_move];
      population.apply({move.generation, move.from_island, move.to_island, move.copy});
    }
    history.known_programs[program.program_key] = program.generation;
    ++history.outcomes[program.outcome];
    if (program.generation == 0) history.initial_score = program.score;
    history.generation_of[program.evaluation] = program.generation;
    return true;
  }));
  return history;
}

}  // namespace genesis::run
