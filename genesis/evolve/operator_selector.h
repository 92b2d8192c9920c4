#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/rng.h"
#include "genesis/evolve/operator_api.h"

namespace genesis::evolve {

/// How fast and how far the selector adapts.
struct SelectorOptions {
  double minimum_share = 0.2;  ///< Of all draws, spread over the operators by their prior weights.
  double memory = 400;         ///< Outcomes per operator after which an old one counts 1/e.
  double prior_trials = 20;    ///< How many trials the prior success rate is worth.
  double prior_success = 0.1;
};

/// Chooses the mutation operator in proportion to what it brought lately. Probability matching with
/// a minimum probability (Thierens: "An adaptive pursuit strategy for allocating operator
/// probabilities", GECCO 2005, compares it with pursuit) on discounted credit; the credit of a
/// success is larger when the record is broken (extreme values: Fialho, Da Costa, Schoenauer,
/// Sebag: "Extreme value based adaptive operator selection", PPSN 2008). Matching, not pursuit:
/// what is the best operator changes with the phase of the search, and the losers must stay alive.
///
/// Wall time and order of threads never enter: the state is a function of the `learn` calls. One
/// thread at a time.
class OperatorSelector {
 public:
  /// An operator's name and how often it is drawn before anything is known, relative to the others.
  struct Arm {
    std::string name;
    double weight = 1;
  };

  /// The built-in operators with their default weights.
  explicit OperatorSelector(SelectorOptions options = {});
  /// Empty `arms` are an invalid_argument exception (GenesisError).
  OperatorSelector(std::vector<Arm> arms, SelectorOptions options);

  std::size_t size() const { return arms_.size(); }
  std::string_view name(std::size_t index) const { return arms_[index].name; }
  double probability(std::size_t index) const;

  /// Index of the operator to apply next; for the default arms an index into builtin_operators().
  /// One uniform number.
  std::size_t choose(RandomStream& random) const;
  /// What came of it. `reward` in [0, 1]: 0 for a candidate that is not better than its parent or
  /// not valid, kSimpler for one that is as good and shorter, kImproved for a better one, kRecord
  /// for a new best. Values outside are clamped, NaN counts as 0. Operators with nothing to change
  /// are not learned from.
  void learn(std::size_t index, double reward);

  static constexpr double kSimpler = 0.25;
  static constexpr double kImproved = 0.5;
  static constexpr double kRecord = 1.0;

  /// The state in one line of text, keyed by operator names; equal states give equal texts.
  std::string save() const;
  /// Takes over what is known of operators that exist; others keep their prior. Error `parse`
  /// leaves the state as it was.
  Status load(std::string_view saved);

 private:
  struct Credit {
    double trials = 0;
    double reward = 0;
  };
  void refresh();

  SelectorOptions options_;
  std::vector<Arm> arms_;
  std::vector<Credit> credits_;
  std::vector<double> cumulative_;
};

}  // namespace genesis::evolve
