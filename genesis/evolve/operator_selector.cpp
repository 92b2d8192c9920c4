#include "genesis/evolve/operator_selector.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "genesis/base/text.h"

namespace genesis::evolve {
namespace {

constexpr std::string_view kVersion = "credit1";

/// Set by hand after trials on one numerical task: numbers carry most of the gain, structure must
/// be tried now and then. The credit takes over from there.
double default_weight(std::string_view name) {
  if (name.starts_with("literal_")) return name == "literal_int_step" ? 1.0 : 2.0;
  if (name == "wrap_expression" || name == "duplicate_statement") return 1.0;
  if (name == "block_crossover") return 1.0;
  return 0.4;
}

std::vector<OperatorSelector::Arm> builtin_arms() {
  std::vector<OperatorSelector::Arm> arms;
  for (const Operator* each : builtin_operators()) {
    arms.push_back({std::string(each->name()), default_weight(each->name())});
  }
  return arms;
}

void append_number(std::string& text, double value) {
  char buffer[32];
  const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value);
  text.append(buffer, failure == std::errc() ? end : buffer);
}

bool read_number(std::string_view text, double& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size() && std::isfinite(value) &&
         value >= 0;
}

}  // namespace

OperatorSelector::OperatorSelector(SelectorOptions options)
    : OperatorSelector(builtin_arms(), options) {}

OperatorSelector::OperatorSelector(std::vector<Arm> arms, SelectorOptions options)
    : options_(options), arms_(std::move(arms)), credits_(arms_.size()) {
  if (arms_.empty()) {
    throw GenesisError({ErrorKind::invalid_argument, "operator selector: no operators given"});
  }
  refresh();
}

double OperatorSelector::probability(std::size_t index) const {
  return cumulative_[index] - (index == 0 ? 0.0 : cumulative_[index - 1]);
}

std::size_t OperatorSelector::choose(RandomStream& random) const {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), random.uniform());
  return std::min(static_cast<std::size_t>(found - cumulative_.begin()), arms_.size() - 1);
}

void OperatorSelector::learn(std::size_t index, double reward) {
  Credit& credit = credits_[index];
  const double decay = 1.0 - 1.0 / std::max(1.0, options_.memory);
  credit.trials = credit.trials * decay + 1;
  credit.reward = credit.reward * decay + (reward > 0 ? std::min(reward, 1.0) : 0.0);
  refresh();
}

void OperatorSelector::refresh() {
  cumulative_.resize(arms_.size());
  double total_weight = 0;
  double total_merit = 0;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const double rate = (credits_[i].reward + options_.prior_trials * options_.prior_success) /
                        (credits_[i].trials + options_.prior_trials);
    cumulative_[i] = std::max(arms_[i].weight, 0.0) * rate;
    total_weight += std::max(arms_[i].weight, 0.0);
    total_merit += cumulative_[i];
  }
  const double even = 1.0 / static_cast<double>(arms_.size());
  double sum = 0;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const double prior = total_weight > 0 ? std::max(arms_[i].weight, 0.0) / total_weight : even;
    const double merit = total_merit > 0 ? cumulative_[i] / total_merit : prior;
    sum += options_.minimum_share * prior + (1 - options_.minimum_share) * merit;
    cumulative_[i] = sum;
  }
}

std::string OperatorSelector::save() const {
  std::string text;
  text.reserve(arms_.size() * 48);
  text += kVersion;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    if (credits_[i].trials == 0) continue;
    text += ' ';
    text += arms_[i].name;
    text += ' ';
    append_number(text, credits_[i].trials);
    text += ' ';
    append_number(text, credits_[i].reward);
  }
  return text;
}

Status OperatorSelector::load(std::string_view saved) {
  const auto words = split(saved, ' ');
  if (words.empty() || words[0] != kVersion || words.size() % 3 != 1) {
    return make_error(ErrorKind::parse, "operator selector: saved state does not begin with '" +
                                            std::string(kVersion) +
                                            "' and triples of name, trials, reward");
  }
  std::vector<Credit> credits(arms_.size());
  for (std::size_t at = 1; at < words.size(); at += 3) {
    Credit credit;
    if (!read_number(words[at + 1], credit.trials) || !read_number(words[at + 2], credit.reward)) {
      return make_error(ErrorKind::parse, "operator selector: saved state of '" +
                                              std::string(words[at]) + "' is not two numbers");
    }
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      if (arms_[i].name == words[at]) credits[i] = credit;
    }
  }
  credits_ = std::move(credits);
  refresh();
  return {};
}

}  // namespace genesis::evolve
