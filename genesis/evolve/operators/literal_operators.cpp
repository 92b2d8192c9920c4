#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "genesis/evolve/operators/literal_sites.h"
#include "genesis/evolve/operators/literal_steps.h"
#include "genesis/evolve/operators/operator_set.h"
#include "genesis/evolve/operators/source_view.h"

namespace genesis::evolve {
namespace {

/// An integer that becomes real counts something: it is tuned, and leaps are literal_int_step's.
constexpr double kWidestForInteger = 0.03;
constexpr int kDraws = 8;  ///< How often a step that changes nothing is drawn again.

std::string_view site_text(const SourceView& view, const LiteralSite& site) {
  return view.files[site.file].text().substr(site.begin, site.end - site.begin);
}

/// The child in which one site has a new text.
Result<OperatorResult> replace_one(const SourceView& view, const LiteralSite& site,
                                   std::string text, std::string_view name) {
  std::string summary =
      std::string(name) + ": " + std::string(site_text(view, site)) + " -> " + text;
  std::vector<Edit> edits;
  edits.push_back({site.begin, site.end, std::move(text)});
  GENESIS_TRY_ASSIGN(Program child,
                     apply_edits(*view.program, view.files[site.file], std::move(edits)));
  return OperatorResult{std::move(child), std::move(summary)};
}

bool may_become_real(const SourceView& view, const LiteralSite& site) {
  return site.number.is_integer && site.in_arithmetic && site.number.radix == 10 &&
         site.number.suffix.empty() && view.files[site.file].profile->numbers_mix;
}

/// A real number; with `integers_too` also, less often, an integer in arithmetic of a language
/// where it may become real.
const LiteralSite* draw_real(const SourceView& view, const std::vector<LiteralSite>& sites,
                             bool integers_too, RandomStream& random) {
  constexpr double kIntegerWeight = 0.1;
  std::vector<double> weights;
  weights.reserve(sites.size());
  double total = 0;
  for (const LiteralSite& site : sites) {
    const bool chosen = !site.number.is_integer;
    const bool mixed = integers_too && may_become_real(view, site);
    weights.push_back(chosen ? 1 : mixed ? kIntegerWeight : 0);
    total += weights.back();
  }
  if (total <= 0) return nullptr;
  return &sites[random.weighted(weights)];
}

class LiteralGauss final : public Operator {
 public:
  std::string_view name() const override { return "literal_gauss"; }
  bool keeps_syntax() const override { return true; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    const std::vector<LiteralSite> sites = literal_sites(view);
    const LiteralSite* site = draw_real(view, sites, true, random);
    if (site == nullptr) return nothing_to_change(name(), "real number");
    const double typical = typical_magnitude(sites);
    std::string text;
    for (int draw = 0; draw < kDraws; ++draw) {
      double width = draw_width(random);
      if (site->number.is_integer) width = std::min(width, kWidestForInteger);
      text = real_text(*site, gaussian_step(site->value(), width, typical, random));
      if (text != site_text(view, *site)) return replace_one(view, *site, std::move(text), name());
    }
    return nothing_to_change(name(), "number that moves");
  }
};

class LiteralLog final : public Operator {
 public:
  std::string_view name() const override { return "literal_log"; }
  bool keeps_syntax() const override { return true; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    std::vector<LiteralSite> sites = literal_sites(view);
    std::erase_if(sites, [](const LiteralSite& site) { return site.number.value == 0; });
    const LiteralSite* site = draw_real(view, sites, false, random);
    if (site == nullptr) return nothing_to_change(name(), "real number other than zero");
    std::string text;
    for (int draw = 0; draw < kDraws; ++draw) {
      text = real_text(*site, logarithmic_step(site->value(), random));
      if (text != site_text(view, *site)) return replace_one(view, *site, std::move(text), name());
    }
    return nothing_to_change(name(), "number that moves");
  }
};

class LiteralIntStep final : public Operator {
 public:
  std::string_view name() const override { return "literal_int_step"; }
  bool keeps_syntax() const override { return true; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    std::vector<LiteralSite> sites = literal_sites(view);
    std::erase_if(sites, [](const LiteralSite& site) { return !site.number.is_integer; });
    if (sites.empty()) return nothing_to_change(name(), "integer");
    const LiteralSite& site = sites[random.below(sites.size())];
    std::string text = integer_text(site, integer_step(site.integer(), random));
    if (text == site_text(view, site)) return nothing_to_change(name(), "integer that moves");
    return replace_one(view, site, std::move(text), name());
  }
};

/// Several numbers of one file at once with one width, so that a joint move stays a small one.
class LiteralMany final : public Operator {
 public:
  std::string_view name() const override { return "literal_many"; }
  bool keeps_syntax() const override { return true; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    std::vector<LiteralSite> sites = literal_sites(view);
    const double typical = typical_magnitude(sites);
    std::erase_if(sites, [](const LiteralSite& site) { return site.number.is_integer; });
    if (sites.empty()) return nothing_to_change(name(), "real number");
    const std::uint32_t file = sites[random.below(sites.size())].file;
    std::erase_if(sites, [&](const LiteralSite& site) { return site.file != file; });
    const double share = draw_share(sites.size(), random);
    const double width = draw_width(random);
    std::vector<Edit> edits;
    for (const LiteralSite& site : sites) {
      if (!random.chance(share)) continue;
      std::string text = real_text(site, gaussian_step(site.value(), width, typical, random));
      if (text != site_text(view, site)) edits.push_back({site.begin, site.end, std::move(text)});
    }
    if (edits.empty()) return nothing_to_change(name(), "number that moves");
    std::string summary = std::string(name()) + ": " + std::to_string(edits.size()) + " numbers";
    GENESIS_TRY_ASSIGN(Program child,
                       apply_edits(*input.parent, view.files[file], std::move(edits)));
    return OperatorResult{std::move(child), std::move(summary)};
  }

 private:
  /// Expected counts between two and all, small ones more often.
  static double draw_share(std::size_t count, RandomStream& random) {
    const double all = static_cast<double>(count);
    const double expected = std::exp(random.uniform(std::log(2.0), std::log(all + 2.0)));
    return std::min(1.0, expected / all);
  }
};

}  // namespace

const Operator& literal_gauss() {
  return single_operator<LiteralGauss>();
}
const Operator& literal_log() {
  return single_operator<LiteralLog>();
}
const Operator& literal_int_step() {
  return single_operator<LiteralIntStep>();
}
const Operator& literal_many() {
  return single_operator<LiteralMany>();
}

}  // namespace genesis::evolve
