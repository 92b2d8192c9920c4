#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "genesis/warm_start/program_source.h"

namespace genesis::warm_start {

struct ChooseOptions {
  std::size_t top = 20;  ///< How many, the best first; 0: all.
  /// Whether a language, as the source writes it, is the run's.
  std::function<bool(std::string_view)> fits = [](std::string_view) { return true; };
};

struct ChosenProgram {
  Listing listing;
  ProgramText text;
  std::optional<std::size_t> parent;  ///< An earlier one of the same choice.
};

struct Choice {
  std::vector<ChosenProgram> programs;  ///< Parents before their children.
  std::int64_t found = 0;               ///< All that the source has.
  Skipped skipped;
};

/// The best different programs of a source: correct there, of our language, equal texts once.
/// Memory grows with what is chosen (at most kMaxChosenBytes of text), not with the source. The
/// order depends on the source's content only.
Result<Choice> choose_programs(ProgramSource& source, const ChooseOptions& options);

inline constexpr std::size_t kMaxChosenBytes = 256u << 20;

}  // namespace genesis::warm_start
