#include "genesis_evaluator/arguments.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace genesis::evaluator {
namespace {

constexpr std::string_view kProgram = "program_path";
constexpr std::string_view kResults = "results_dir";

bool is_flag(const std::string& word) {
  return word.starts_with("--") && word.size() > 2;
}

std::string accepted(const std::map<std::string, std::string, std::less<>>& values) {
  std::string names = "--program_path, --results_dir";
  for (const auto& [name, value] : values) names += ", --" + name;
  return names;
}

template <typename Number>
Number number_of(std::string_view flag, const std::string& text, const char* wanted) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  bool good = failure == std::errc{} && rest == end;
  if constexpr (std::is_floating_point_v<Number>) good = good && std::isfinite(number);
  if (!good)
    throw UsageError("--" + std::string(flag) + " is '" + text + "', but " + wanted + " is wanted");
  return number;
}

}  // namespace

Arguments Arguments::parse(std::span<const std::string> words, const std::vector<Flag>& flags) {
  Arguments arguments;
  for (const auto& flag : flags) arguments.values_[flag.name] = flag.fallback;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!is_flag(word)) throw UsageError("'" + word + "' belongs to no flag");
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::optional<std::string> value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size() && !is_flag(words[i + 1])) {
      value = words[++i];
    }
    if (name == kProgram || name == kResults) {
      if (!value || value->empty()) throw UsageError("--" + name + " needs a path");
      (name == kProgram ? arguments.program_ : arguments.results_) = *value;
    } else if (const auto known = arguments.values_.find(name); known != arguments.values_.end()) {
      known->second = value.value_or("true");
    } else {
      throw UsageError("--" + name + " is not known; accepted are " + accepted(arguments.values_));
    }
  }
  if (arguments.program_.empty() || arguments.results_.empty())
    throw UsageError("--program_path and --results_dir are needed");
  return arguments;
}

const std::string& Arguments::text(std::string_view flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end())
    throw std::logic_error("the evaluator asks for --" + std::string(flag) +
                           ", which it did not declare");
  return found->second;
}

double Arguments::number(std::string_view flag) const {
  return number_of<double>(flag, text(flag), "a number");
}

std::int64_t Arguments::integer(std::string_view flag) const {
  return number_of<std::int64_t>(flag, text(flag), "an integer");
}

bool Arguments::enabled(std::string_view flag) const {
  const std::string& value = text(flag);
  for (const char* yes : {"true", "yes", "on", "1"})
    if (value == yes) return true;
  for (const char* no : {"false", "no", "off", "0", ""})
    if (value == no) return false;
  throw UsageError("--" + std::string(flag) + " is '" + value + "', but true or false is wanted");
}

int Arguments::unseen_seed() {
  const char* set = std::getenv("GENESIS_UNSEEN_SEED");
  if (set == nullptr || *set == '\0') return 0;
  int seed = 0;
  const char* end = set + std::strlen(set);
  const auto [rest, failure] = std::from_chars(set, end, seed);
  if (failure != std::errc{} || rest != end || seed < 0) {
    throw CannotEvaluate("GENESIS_UNSEEN_SEED is '" + std::string(set) + "': it counts from 1");
  }
  return seed;
}

std::string Arguments::program() const {
  std::ifstream file(program_, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || !text) throw CannotEvaluate("cannot read the program " + program_.string());
  return text.str();
}

std::string usage(std::string_view program, const std::vector<Flag>& flags) {
  std::string text = "usage: " + std::string(program) + " --program_path P --results_dir D";
  text += flags.empty() ? "\n" : " [flags]\n";
  for (const auto& flag : flags)
    text += "  --" + flag.name + " VALUE  " + flag.help + " (default: '" + flag.fallback + "')\n";
  return text;
}

}  // namespace genesis::evaluator
