#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/hash.h"
#include "genesis/evolve/operators/literal_alignment.h"
#include "genesis/evolve/operators/operator_set.h"
#include "genesis/evolve/operators/statements.h"

namespace genesis::evolve {
namespace {

constexpr int kDraws = 6;

tl::unexpected<Error> no_mate(std::string_view name) {
  return make_error(ErrorKind::not_found, std::string(name) + ": no inspiration to cross with");
}

/// How the numbers of the mates change those of the parent.
struct Recombination {
  enum class Kind { uniform, blend, difference } kind = Kind::uniform;
  double share = 0.5;   ///< Probability of each number to take part.
  double factor = 0.5;  ///< Of the step towards the mate, or of the mates' difference.
};

/// Blend: a point on the line through both parents, also a little beyond them (Mühlenbein and
/// Schlierkamp-Voosen: extended line recombination, 1993). Difference: Storn and Price,
/// Differential evolution, J. Global Optimization 11, 1997.
Recombination draw_recombination(bool two_mates, RandomStream& random) {
  Recombination made;
  const double draw = random.uniform();
  made.kind = draw < 0.35                ? Recombination::Kind::uniform
              : draw < 0.6 || !two_mates ? Recombination::Kind::blend
                                         : Recombination::Kind::difference;
  made.share = random.chance(0.3) ? 1.0 : random.uniform(0.05, 0.9);
  made.factor = made.kind == Recombination::Kind::blend ? random.uniform(-0.4, 1.4)
                                                        : random.uniform(0.05, 1.0);
  return made;
}

double recombined(double own, double first, double second, const Recombination& how) {
  switch (how.kind) {
    case Recombination::Kind::uniform:
      return first;
    case Recombination::Kind::blend:
      return own + how.factor * (first - own);
    case Recombination::Kind::difference:
      return own + how.factor * (first - second);
  }
  return own;
}

/// Numbers of the parent move by those of mates, where the code around them is alike.
class LiteralCrossover final : public Operator {
 public:
  std::string_view name() const override { return "literal_crossover"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    if (input.inspirations.empty()) return no_mate(name());
    const auto mates = input.inspirations;
    const std::size_t first = random.below(mates.size());
    const std::size_t second = (first + 1 + random.below(mates.size())) % mates.size();
    GENESIS_TRY_ASSIGN(const SourceView one, view_source(*mates[first], *input.language));
    GENESIS_TRY_ASSIGN(const SourceView two, view_source(*mates[second], *input.language));
    const auto file = static_cast<std::uint32_t>(random.below(view.files.size()));
    const auto sites = align_literals(view, file, one, two);
    if (sites.empty()) return nothing_to_change(name(), "number whose surroundings a mate shares");
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto how = draw_recombination(second != first, random);
      std::vector<Edit> edits = cross(view.files[file], sites, how, random);
      if (edits.empty()) continue;
      std::string summary = std::string(name()) + ": " + std::to_string(edits.size()) + " numbers";
      return make_child(view, file, std::move(edits), std::move(summary));
    }
    return nothing_to_change(name(), "number in which the mates differ");
  }

 private:
  static std::vector<Edit> cross(const ViewedFile& file, const std::vector<AlignedLiteral>& sites,
                                 const Recombination& how, RandomStream& random) {
    std::vector<Edit> edits;
    for (const AlignedLiteral& site : sites) {
      if (!random.chance(how.share)) continue;
      const double value = recombined(site.own.value(), site.first, site.second, how);
      if (!std::isfinite(value) || std::fabs(value) > 1e15) continue;
      std::string text = site.own.number.is_integer ? integer_text(site.own, std::llround(value))
                                                    : real_text(site.own, value);
      const std::string_view old =
          file.text().substr(site.own.begin, site.own.end - site.own.begin);
      const bool turns_negative =
          site.own.number.is_integer && value < 0 && site.own.integer() >= 0;
      if (text == old || turns_negative) continue;
      edits.push_back({site.own.begin, site.own.end, std::move(text)});
    }
    return edits;
  }
};

/// The file of a mate that has the same path and as many blocks.
const ViewedFile* counterpart(const SourceView& mate, const ViewedFile& file) {
  for (const ViewedFile& other : mate.files) {
    const bool same_path = other.source->path == file.source->path;
    if (same_path && other.blocks.size() == file.blocks.size()) return &other;
  }
  return nullptr;
}

/// Exchanges whole blocks, or puts a run of a mate's statements in place of the parent's.
class BlockCrossover final : public Operator {
 public:
  std::string_view name() const override { return "block_crossover"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    constexpr double kWholeBlocks = 0.3;
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_statements(view, name()));
    if (input.inspirations.empty()) return no_mate(name());
    const Program& mate = *input.inspirations[random.below(input.inspirations.size())];
    GENESIS_TRY_ASSIGN(const SourceView other, view_source(mate, *input.language));
    const auto index = static_cast<std::uint32_t>(random.below(view.files.size()));
    const ViewedFile& file = view.files[index];
    const ViewedFile* const mate_file = counterpart(other, file);
    if (mate_file == nullptr) return nothing_to_change(name(), "block that a mate has too");
    for (int draw = 0; draw < kDraws; ++draw) {
      std::optional<Edit> edit;
      const auto block = static_cast<std::size_t>(random.below(file.blocks.size()));
      const MutableBlock& from = mate_file->blocks[block];
      const MutableBlock& into = file.blocks[block];
      if (file.blocks.size() > 1 && random.chance(kWholeBlocks)) {
        edit = Edit{into.begin, into.end,
                    std::string(mate_file->text().substr(from.begin, from.end - from.begin))};
      } else {
        edit = statement_run(file, into, *mate_file, from, random);
      }
      if (!edit || file.text().substr(edit->begin, edit->end - edit->begin) == edit->text) continue;
      std::string summary = std::string(name()) + ": " + excerpt(edit->text);
      std::vector<Edit> edits;
      edits.push_back(std::move(*edit));
      return make_child(view, index, std::move(edits), std::move(summary));
    }
    return nothing_to_change(name(), "statement in which the mate differs");
  }

 private:
  /// Indices of movable siblings in order, from `first` on, at most `most`, without a gap.
  static std::vector<std::size_t> run_from(const std::vector<Statement>& all, std::size_t first,
                                           std::size_t most) {
    std::vector<std::size_t> run;
    for (std::size_t i = first; i < all.size() && run.size() < most; ++i) {
      if (all[i].scope != all[first].scope) continue;
      if (all[i].fixed) break;
      run.push_back(i);
    }
    return run;
  }

  static std::optional<std::size_t> draw_movable(const std::vector<Statement>& all,
                                                 RandomStream& random) {
    std::vector<double> weights;
    bool any = false;
    for (const Statement& statement : all) {
      weights.push_back(statement.fixed ? 0 : 1);
      any = any || !statement.fixed;
    }
    if (!any) return std::nullopt;
    return random.weighted(weights);
  }

  /// The parent's movable statement of the same scope that has the same rank in it, or a random
  /// one.
  static std::optional<std::size_t> place_like(const std::vector<Statement>& own,
                                               const std::vector<Statement>& theirs,
                                               std::size_t chosen, RandomStream& random) {
    const std::uint32_t scope = theirs[chosen].scope;
    const auto rank =
        std::count_if(theirs.begin(), theirs.begin() + static_cast<std::ptrdiff_t>(chosen),
                      [&](const Statement& statement) { return statement.scope == scope; });
    std::ptrdiff_t seen = 0;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i].scope != scope) continue;
      if (seen++ == rank && !own[i].fixed) return i;
    }
    return draw_movable(own, random);
  }

  static std::optional<Edit> statement_run(const ViewedFile& file, const MutableBlock& into,
                                           const ViewedFile& mate_file, const MutableBlock& from,
                                           RandomStream& random) {
    constexpr double kInsert = 0.3;
    const std::vector<Statement> own = find_statements(file, into);
    const std::vector<Statement> theirs = find_statements(mate_file, from);
    const auto chosen = draw_movable(theirs, random);
    if (!chosen) return std::nullopt;
    const auto place = place_like(own, theirs, *chosen, random);
    if (!place) return std::nullopt;
    const std::size_t length = 1 + random.below(4);
    const auto taken = run_from(theirs, *chosen, length);
    const auto replaced = run_from(own, *place, length);
    Statement span = theirs[taken.front()];
    span.end = theirs[taken.back()].end;
    span.last_token = theirs[taken.back()].last_token;
    const Statement& target = own[*place];
    const std::string text =
        reindented(mate_file, span, mate_file.text().substr(span.begin, span.end - span.begin),
                   indentation(mate_file.text(), span), indentation(file.text(), target));
    if (text.empty()) return std::nullopt;
    if (random.chance(kInsert)) return insertion_before(file, target, text);
    return Edit{target.begin, own[replaced.back()].end, text};
  }
};

}  // namespace

const Operator& literal_crossover() {
  return single_operator<LiteralCrossover>();
}
const Operator& block_crossover() {
  return single_operator<BlockCrossover>();
}

}  // namespace genesis::evolve
