#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "genesis/evolve/operators/literal_sites.h"
#include "genesis/evolve/operators/literal_steps.h"
#include "genesis/evolve/operators/operands.h"
#include "genesis/evolve/operators/operator_set.h"

namespace genesis::evolve {
namespace {

std::string text_of(const SourceView& view, const Operand& operand) {
  return std::string(
      view.files[operand.file].text().substr(operand.begin, operand.end - operand.begin));
}

/// A real number in the notation of the language, rounded to three digits.
std::string real_in(const LexicalProfile& profile, double value) {
  const double scale = std::pow(10.0, 2 - std::floor(std::log10(std::fabs(value))));
  value = std::round(value * scale) / scale;
  std::string text = shortest_double(value);
  if (profile.dotted_words) {
    // Double precision in Fortran has its own exponent letter.
    const std::size_t at = text.find('e');
    if (at == std::string::npos)
      text += "d0";
    else
      text[at] = 'd';
  }
  return text;
}

Status require_values(const SourceView& view, std::string_view name) {
  for (const ViewedFile& file : view.files) {
    if (!file.profile->keywords.empty() && !file.language->is_data) return {};
  }
  return make_error(ErrorKind::unsupported,
                    std::string(name) + ": expressions of language '" +
                        view.files[0].language->name +
                        "' are not known to Genesis; use the literal operators");
}

/// `x` becomes `(x * 1.03)` or `(x + 0.02)`: gives a term a number of its own, which the literal
/// operators then tune.
class WrapExpression final : public Operator {
 public:
  std::string_view name() const override { return "wrap_expression"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_values(view, name()));
    const std::vector<Operand> operands = find_operands(view);
    if (operands.empty()) return nothing_to_change(name(), "value");
    const Operand& operand = operands[random.below(operands.size())];
    const LexicalProfile& profile = *view.files[operand.file].profile;
    const std::string old = text_of(view, operand);
    std::string text;
    if (random.chance(0.5)) {
      const double width = std::pow(10.0, random.uniform(-2.0, 0.3));
      text = "(" + old + " * " + real_in(profile, std::exp(width * random.normal())) + ")";
    } else {
      const double typical = typical_magnitude(literal_sites(view));
      double term = typical * std::pow(10.0, random.uniform(-2.5, 0.0)) * random.normal();
      if (term == 0) term = typical;
      text = "(" + old + (term < 0 ? " - " : " + ") + real_in(profile, std::fabs(term)) + ")";
    }
    std::string summary = std::string(name()) + ": " + excerpt(old) + " -> " + excerpt(text);
    std::vector<Edit> edits;
    edits.push_back({operand.begin, operand.end, std::move(text)});
    return make_child(view, operand.file, std::move(edits), std::move(summary));
  }
};

/// One value takes the place of another.
class SwapOperand final : public Operator {
 public:
  std::string_view name() const override { return "swap_operand"; }
  Result<OperatorResult> apply(const OperatorInput& input, RandomStream& random) const override {
    GENESIS_TRY_ASSIGN(const SourceView view, view_source(*input.parent, *input.language));
    GENESIS_TRY(require_values(view, name()));
    const std::vector<Operand> operands = find_operands(view);
    if (operands.size() < 2) return nothing_to_change(name(), "pair of values");
    for (int draw = 0; draw < 8; ++draw) {
      const Operand& operand = operands[random.below(operands.size())];
      const Operand& other = operands[random.below(operands.size())];
      const std::string old = text_of(view, operand);
      std::string text = text_of(view, other);
      if (operand.file != other.file || old == text) continue;
      if (text.find('\n') != std::string::npos) continue;
      std::string summary = std::string(name()) + ": " + excerpt(old) + " -> " + excerpt(text);
      std::vector<Edit> edits;
      edits.push_back({operand.begin, operand.end, std::move(text)});
      return make_child(view, operand.file, std::move(edits), std::move(summary));
    }
    return nothing_to_change(name(), "pair of different values");
  }
};

}  // namespace

const Operator& wrap_expression() {
  return single_operator<WrapExpression>();
}
const Operator& swap_operand() {
  return single_operator<SwapOperand>();
}

}  // namespace genesis::evolve
