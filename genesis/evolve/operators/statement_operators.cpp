#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "genesis/evolve/operators/literal_sites.h"
#include "genesis/evolve/operators/literal_steps.h"
#include "genesis/evolve/operators/operator_set.h"
#include "genesis/evolve/operators/statements.h"

namespace genesis::evolve {
namespace {

/// The statements of one block, which was drawn among those that have any.
struct Workplace {
  std::uint32_t file_index = 0;
  const ViewedFile* file = nullptr;
  const MutableBlock* block = nullptr;
  std::vector<Statement> statements;

  std::size_t siblings(const Statement& of) const {
    return static_cast<std::size_t>(
        std::count_if(statements.begin(), statements.end(),
                      [&](const Statement& other) { return other.scope == of.scope; }));
  }
  std::string_view text_of(const Statement& statement) const {
    return file->text().substr(statement.begin, statement.end - statement.begin);
  }
};

std::optional<Workplace> draw_workplace(const SourceView& view, RandomStream& random) {
  std::vector<Workplace> places;
  std::vector<double> weights;
  for (std::uint32_t index = 0; index < view.files.size(); ++index) {
    const ViewedFile& file = view.files[index];
    if (file.language->is_data) continue;
    for (const MutableBlock& block : file.blocks) {
      Workplace place{index, &file, &block, find_statements(file, block)};
      if (place.statements.empty()) continue;
      weights.push_back(static_cast<double>(place.statements.size()));
      places.push_back(std::move(place));
    }
  }
  if (places.empty()) return std::nullopt;
  return std::move(places[places.size() == 1 ? 0 : random.weighted(weights)]);
}

/// Index of a statement that may be moved. Moving or losing a compound one changes much: seldom.
constexpr double kCompoundSeldom = 0.3;
constexpr double kCompoundAsOften = 1.0;
std::optional<std::size_t> draw_movable(const Workplace& place, double compound_weight,
                                        RandomStream& random) {
  std::vector<double> weights;
  bool any = false;
  for (const Statement& statement : place.statements) {
    weights.push_back(statement.fixed ? 0 : statement.compound ? compound_weight : 1);
    any = any || !statement.fixed;
  }
  if (!any) return std::nullopt;
  return random.weighted(weights);
}

/// The statement's text with some of its numbers moved. With siblings that differ in an index only,
/// a copy must be able to reach any of them: an integer is sometimes drawn below another one.
std::string perturbed(const SourceView& view, const Workplace& place, const Statement& statement,
                      RandomStream& random) {
  constexpr double kDrawBelow = 0.4;
  std::vector<LiteralSite> sites;
  append_literal_sites(view, place.file_index, statement.first_token, statement.last_token, sites);
  const std::vector<LiteralSite> all = literal_sites(view);
  const double typical = typical_magnitude(all);
  const double share = sites.empty() ? 0 : std::max(0.4, 1.0 / static_cast<double>(sites.size()));
  const double width = draw_width(random);
  std::string made;
  std::uint32_t kept = statement.begin;
  for (const LiteralSite& site : sites) {
    if (!random.chance(share)) continue;
    made += place.file->text().substr(kept, site.begin - kept);
    kept = site.end;
    const LiteralSite& other = all[random.below(all.size())];
    const bool below = site.number.is_integer && other.number.is_integer &&
                       other.number.integer > 1 && random.chance(kDrawBelow);
    if (below) {
      const auto bound = static_cast<std::uint64_t>(other.number.integer);
      made += integer_text(site, static_cast<std::int64_t>(random.below(bound)));
    } else {
      made += perturbed_text(site, width, typical, random);
    }
  }
  made += place.file->text().substr(kept, statement.end - kept);
  return made;
}

/// A compound statement's text with one of the statements in it gone, or there twice; empty when it
/// has none that may. Duplication and divergence: beside the original a copy is free to lose or
/// double a part that the program could not do without (Ohno, "Evolution by gene duplication",
/// 1970).
std::string diverged(const Workplace& place, const Statement& statement, RandomStream& random) {
  std::vector<const Statement*> inner;
  for (const Statement& other : place.statements) {
    const bool inside = other.begin > statement.begin && other.end <= statement.end;
    if (inside && !other.fixed) inner.push_back(&other);
  }
  if (inner.empty()) return {};
  const Statement& chosen = *inner[random.below(inner.size())];
  const bool alone = place.siblings(chosen) == 1;
  const Edit edit = random.chance(0.5)
                        ? removal(*place.file, *place.block, chosen, alone)
                        : insertion_after(*place.file, chosen, std::string(place.text_of(chosen)));
  if (edit.begin < statement.begin || edit.begin > statement.end) return {};
  // The last line's end belongs to what follows the statement.
  const std::uint32_t end = std::min(edit.end, statement.end);
  const std::string_view text = place.file->text();
  std::string made(text.substr(statement.begin, edit.begin - statement.begin));
  made += edit.text;
  made += text.substr(end, statement.end - end);
  made.erase(made.find_last_not_of(" \t\r\n") + 1);
  return made;
}

bool overlap(const Statement& a, const Statement& b) {
  return a.begin < b.end && b.begin < a.end;
}

/// Puts text with the given indentation beside `target`, in the target's indentation; before it
/// when nothing may follow it.
std::optional<Edit> put_beside(const Workplace& place, const Statement& source, std::string text,
                               const Statement& target, RandomStream& random) {
  const std::string_view from = indentation(place.file->text(), source);
  const std::string_view to = indentation(place.file->text(), target);
  if (from != to && text.find('\n') != std::string::npos) {
    text = reindented(*place.file, source, text, from, to);
    if (text.empty()) return std::nullopt;
  }
  const bool before = target.fixed ? true : random.chance(0.5);
  if (before) return insertion_before(*place.file, target, std::move(text));
  return insertion_after(*place.file, target, std::move(text));
}

/// Another statement to stand beside: mostly a sibling, sometimes any that is not nested in `self`.
std::optional<std::size_t> draw_target(const Workplace& place, const Statement& self,
                                       bool forward_only, RandomStream& random) {
  constexpr double kElsewhere = 0.2;
  const bool elsewhere = random.chance(kElsewhere);
  std::vector<double> weights;
  bool any = false;
  for (const Statement& other : place.statements) {
    const bool sibling = other.scope == self.scope;
    const bool suits = !overlap(self, other) && (elsewhere || sibling) &&
                       (!forward_only || elsewhere || other.begin > self.begin);
    weights.push_back(suits ? 1 : 0);
    any = any || suits;
  }
  if (!any) return std::nullopt;
  return random.weighted(weights);
}

class DuplicateStatement final : public Operator {
 public:
  std::string_view name() const override { return "duplicate_statement"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    constexpr double kAdjacent = 0.4;
    constexpr double kDiverge = 0.7;
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_statements(view, name()));
    const auto place = draw_workplace(view, random);
    if (!place) return nothing_to_change(name(), "statement");
    const auto chosen = draw_movable(*place, kCompoundAsOften, random);
    if (!chosen) return nothing_to_change(name(), "statement that may be copied");
    const Statement& statement = place->statements[*chosen];
    std::string text;
    if (statement.compound && random.chance(kDiverge)) text = diverged(*place, statement, random);
    const bool in_front = !text.empty() && random.chance(0.5);
    if (text.empty()) text = perturbed(view, *place, statement, random);
    std::string summary = std::string(name()) + ": " + excerpt(text);
    std::optional<Edit> edit;
    if (!random.chance(kAdjacent)) {
      const auto target = draw_target(*place, statement, true, random);
      if (target) {
        edit = put_beside(*place, statement, text, place->statements[*target], random);
      }
    }
    if (!edit) {
      edit = in_front ? insertion_before(*place->file, statement, std::move(text))
                      : insertion_after(*place->file, statement, std::move(text));
    }
    std::vector<Edit> edits;
    edits.push_back(std::move(*edit));
    return make_child(view, place->file_index, std::move(edits), std::move(summary));
  }
};

class DeleteStatement final : public Operator {
 public:
  std::string_view name() const override { return "delete_statement"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_statements(view, name()));
    const auto place = draw_workplace(view, random);
    if (!place) return nothing_to_change(name(), "statement");
    const auto chosen = draw_movable(*place, kCompoundSeldom, random);
    if (!chosen) return nothing_to_change(name(), "statement that may go");
    const Statement& statement = place->statements[*chosen];
    std::string summary = std::string(name()) + ": " + excerpt(place->text_of(statement));
    std::vector<Edit> edits;
    edits.push_back(
        removal(*place->file, *place->block, statement, place->siblings(statement) == 1));
    return make_child(view, place->file_index, std::move(edits), std::move(summary));
  }
};

class SwapStatements final : public Operator {
 public:
  std::string_view name() const override { return "swap_statements"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_statements(view, name()));
    const auto place = draw_workplace(view, random);
    if (!place) return nothing_to_change(name(), "statement");
    const auto pairs = sibling_pairs(*place);
    if (pairs.empty()) return nothing_to_change(name(), "pair of statements");
    const auto [a, b] = pairs[random.below(pairs.size())];
    std::string first(place->text_of(*a));
    std::string second(place->text_of(*b));
    std::string summary = std::string(name()) + ": " + excerpt(first) + " <-> " + excerpt(second);
    std::vector<Edit> edits;
    edits.push_back({a->begin, a->end, std::move(second)});
    edits.push_back({b->begin, b->end, std::move(first)});
    return make_child(view, place->file_index, std::move(edits), std::move(summary));
  }

 private:
  using Pair = std::pair<const Statement*, const Statement*>;

  /// Movable statements of one scope, neighbours and those a few further.
  static std::vector<Pair> sibling_pairs(const Workplace& place) {
    constexpr int kReach = 3;
    std::vector<Pair> pairs;
    const auto& all = place.statements;
    for (std::size_t i = 0; i < all.size(); ++i) {
      int reached = 0;
      for (std::size_t j = i + 1; j < all.size() && j < i + 64 && reached < kReach; ++j) {
        if (all[j].scope != all[i].scope) continue;
        ++reached;
        if (!all[i].fixed && !all[j].fixed) pairs.emplace_back(&all[i], &all[j]);
      }
    }
    return pairs;
  }
};

class MoveStatement final : public Operator {
 public:
  std::string_view name() const override { return "move_statement"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_statements(view, name()));
    const auto place = draw_workplace(view, random);
    if (!place) return nothing_to_change(name(), "statement");
    const auto chosen = draw_movable(*place, kCompoundSeldom, random);
    if (!chosen) return nothing_to_change(name(), "statement that may move");
    const Statement& statement = place->statements[*chosen];
    const auto target = draw_target(*place, statement, false, random);
    if (!target) return nothing_to_change(name(), "other place for the statement");
    std::string text(place->text_of(statement));
    std::string summary = std::string(name()) + ": " + excerpt(text);
    auto edit = put_beside(*place, statement, std::move(text), place->statements[*target], random);
    if (!edit) return nothing_to_change(name(), "place with this indentation");
    std::vector<Edit> edits;
    edits.push_back(std::move(*edit));
    edits.push_back(
        removal(*place->file, *place->block, statement, place->siblings(statement) == 1));
    return make_child(view, place->file_index, std::move(edits), std::move(summary));
  }
};

}  // namespace

const Operator& duplicate_statement() {
  return single_operator<DuplicateStatement>();
}
const Operator& delete_statement() {
  return single_operator<DeleteStatement>();
}
const Operator& swap_statements() {
  return single_operator<SwapStatements>();
}
const Operator& move_statement() {
  return single_operator<MoveStatement>();
}

}  // namespace genesis::evolve
