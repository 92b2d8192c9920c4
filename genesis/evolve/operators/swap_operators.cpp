#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "genesis/evolve/operators/literal_sites.h"
#include "genesis/evolve/operators/operands.h"
#include "genesis/evolve/operators/operator_set.h"

namespace genesis::evolve {
namespace {

using Words = std::span<const std::string_view>;

/// A token and the list whose other entries may take its place.
struct SwapSite {
  std::uint32_t file = 0;
  std::uint32_t token = 0;
  Words choices;
};

Status require_code(const SourceView& view, std::string_view name) {
  for (const ViewedFile& file : view.files) {
    if (!file.profile->arithmetic.empty() && !file.language->is_data) return {};
  }
  return make_error(ErrorKind::unsupported,
                    std::string(name) + ": the operators of language '" +
                        view.files[0].language->name +
                        "' are not known to Genesis; use the literal operators");
}

/// Sites of the tokens that are in one of the lists which `lists(profile)` gives.
template <typename Lists, typename Accept>
std::vector<SwapSite> swap_sites(const SourceView& view, Lists lists, Accept accept) {
  std::vector<SwapSite> sites;
  for (std::uint32_t index = 0; index < view.files.size(); ++index) {
    const ViewedFile& file = view.files[index];
    if (file.language->is_data) continue;
    const auto groups = lists(*file.profile);
    for (const MutableBlock& block : file.blocks) {
      for (std::uint32_t token = block.first_token; token < block.last_token; ++token) {
        const TokenKind kind = file.kind_of(token);
        if (kind != TokenKind::sign && kind != TokenKind::name) continue;
        for (const Words group : groups) {
          if (!contains_word(group, file.text_of(token), *file.profile)) continue;
          if (accept(file, block, token)) sites.push_back({index, token, group});
        }
      }
    }
  }
  return sites;
}

Result<OperatorResult> swap_at(const SourceView& view, const SwapSite& site, std::string_view name,
                               RandomStream& random) {
  const ViewedFile& file = view.files[site.file];
  const std::string_view old = file.text_of(site.token);
  std::string_view chosen = old;
  while (chosen == old) chosen = site.choices[random.below(site.choices.size())];
  std::string summary = std::string(name) + ": " + std::string(old) + " -> " + std::string(chosen);
  std::vector<Edit> edits;
  edits.push_back(
      {file.tokens[site.token].begin, file.tokens[site.token].end, std::string(chosen)});
  return make_child(view, site.file, std::move(edits), std::move(summary));
}

/// In brace languages `<` and `>` also enclose type arguments; written with spaces they compare.
bool is_spaced(const ViewedFile& file, std::uint32_t token) {
  const Token& at = file.tokens[token];
  return token > 0 && token + 1 < file.tokens.size() && file.tokens[token - 1].end < at.begin &&
         at.end < file.tokens[token + 1].begin;
}

class SwapOperator final : public Operator {
 public:
  std::string_view name() const override { return "swap_operator"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_code(view, name()));
    const auto sites = swap_sites(
        view,
        [](const LexicalProfile& profile) {
          return std::array<Words, 2>{profile.arithmetic, profile.augmented};
        },
        is_binary);
    if (sites.empty()) return nothing_to_change(name(), "arithmetic operator");
    return swap_at(view, sites[random.below(sites.size())], name(), random);
  }
};

class SwapComparison final : public Operator {
 public:
  std::string_view name() const override { return "swap_comparison"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_code(view, name()));
    const auto sites = swap_sites(
        view,
        [](const LexicalProfile& profile) {
          return std::array<Words, 3>{profile.ordering, profile.equality, profile.logic};
        },
        [](const ViewedFile& file, const MutableBlock& block, std::uint32_t token) {
          const std::string_view text = file.text_of(token);
          const bool angle =
              file.profile->blocks == BlockStyle::braces && (text == "<" || text == ">");
          return is_binary(file, block, token) && (!angle || is_spaced(file, token));
        });
    if (sites.empty()) return nothing_to_change(name(), "comparison");
    return swap_at(view, sites[random.below(sites.size())], name(), random);
  }
};

/// true <-> false, or a number gets the value of another one, 0, 1 or the other sign.
class SwapConstant final : public Operator {
 public:
  std::string_view name() const override { return "swap_constant"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    std::array<std::string_view, 2> words;
    const auto truths = swap_sites(
        view,
        [&](const LexicalProfile& profile) {
          words = {profile.true_word, profile.false_word};
          return std::array<Words, 1>{words[0].empty() ? Words() : Words(words)};
        },
        [](const ViewedFile&, const MutableBlock&, std::uint32_t) { return true; });
    const std::vector<LiteralSite> sites = literal_sites(view);
    const std::size_t count = truths.size() + sites.size();
    if (count == 0) return nothing_to_change(name(), "constant");
    const std::size_t chosen = random.below(count);
    if (chosen < truths.size()) return swap_truth(view, truths[chosen], random);
    const LiteralSite& site = sites[chosen - truths.size()];
    std::string text = other_value(site, sites, random);
    const std::string_view old =
        view.files[site.file].text().substr(site.begin, site.end - site.begin);
    std::string summary = std::string(name()) + ": " + std::string(old) + " -> " + text;
    std::vector<Edit> edits;
    edits.push_back({site.begin, site.end, std::move(text)});
    return make_child(view, site.file, std::move(edits), std::move(summary));
  }

 private:
  Result<OperatorResult> swap_truth(const SourceView& view, SwapSite site,
                                    RandomStream& random) const {
    const LexicalProfile& profile = *view.files[site.file].profile;
    const std::array<std::string_view, 2> words{profile.true_word, profile.false_word};
    site.choices = words;
    return swap_at(view, site, name(), random);
  }

  static std::string other_value(const LiteralSite& site, const std::vector<LiteralSite>& sites,
                                 RandomStream& random) {
    const bool is_integer = site.number.is_integer;
    for (int draw = 0; draw < 8; ++draw) {
      const double kind = random.uniform();
      double value = 0;
      if (kind < 0.5) {
        const LiteralSite& other = sites[random.below(sites.size())];
        if (other.number.is_integer && is_integer) return integer_text(site, other.integer());
        if (is_integer) continue;
        value = other.value();
      } else if (kind < 0.65) {
        value = 0;
      } else if (kind < 0.85) {
        value = 1;
      } else if (is_integer) {
        return integer_text(site, -site.integer());
      } else {
        value = -site.value();
      }
      if (value == site.value()) continue;
      return is_integer ? integer_text(site, static_cast<std::int64_t>(value))
                        : real_text(site, value);
    }
    return is_integer ? integer_text(site, site.integer() == 0 ? 1 : 0)
                      : real_text(site, site.value() == 0 ? 1 : 0);
  }
};

}  // namespace

const Operator& swap_operator() {
  return single_operator<SwapOperator>();
}
const Operator& swap_comparison() {
  return single_operator<SwapComparison>();
}
const Operator& swap_constant() {
  return single_operator<SwapConstant>();
}

}  // namespace genesis::evolve
