// Times of the built-in operators, the selector and the syntax checker.
// Usage: mutation_bench [rows.json]
//
// Each row is the median over kRounds rounds, the metrics taking turns in each round. Baselines:
// the 50 µs that a proposal may cost at 20,000 evaluations per second for the literal operators
// (20-line program), 200 µs per syntax check of a 100-line program, 2 µs for the selector's state.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "genesis/evolve/operator_api.h"
#include "genesis/evolve/operator_selector.h"
#include "genesis/evolve/syntax/syntax_checker.h"

namespace {

using genesis::Language;
using genesis::Program;
using genesis::RandomStream;

constexpr int kRounds = 9;
constexpr int kRepeats = 200;

struct Metric {
  std::string name;
  double baseline = 0;
  std::function<void(std::uint64_t)> work;  ///< Once, with a number that never comes twice.
  std::vector<double> microseconds;

  double median() {
    std::sort(microseconds.begin(), microseconds.end());
    return microseconds[microseconds.size() / 2];
  }
};

/// A function of `lines` lines in a program of its own, with numbers of every kind.
Program sample(int functions) {
  std::string text = "# EVOLVE-BLOCK-START\n";
  for (int i = 0; i < functions; ++i) {
    const std::string name = "step_" + std::to_string(i);
    text += "def " + name + "(values, rate=0.25):\n";
    text +=
        "    total = 0.0\n"
        "    scale = 1.5 * rate\n"
        "    for index in range(12):\n"
        "        if index % 2 == 0:\n"
        "            total += values[index] * scale\n"
        "        else:\n"
        "            total -= 0.125 * index\n"
        "    while total > 100.0:\n"
        "        total *= 0.9\n"
        "    offsets = [0.1, 0.2, 0.3]\n"
        "    for offset in offsets:\n"
        "        total = total + offset * 2.0\n"
        "    if total < 0.0:\n"
        "        total = -total\n"
        "    result = total / (1.0 + rate)\n"
        "    return result\n"
        "\n\n";
  }
  return {"main.py", text + "# EVOLVE-BLOCK-END\n"};
}

std::vector<Metric> metrics(genesis::evolve::SyntaxChecker& checker) {
  namespace evolve = genesis::evolve;
  static const Language& python = *genesis::find_language("python");
  static const Program small = sample(1);
  static const Program large = sample(5);
  static const Program mate = [] {
    RandomStream random(1, "mate", 0);
    return evolve::find_operator("literal_many")->apply({&small, {}, &python}, random)->child;
  }();
  std::vector<Metric> made;
  for (const evolve::Operator* op : evolve::builtin_operators()) {
    made.push_back({std::string(op->name()) + ", 20 lines",
                    50,
                    [op](std::uint64_t id) {
                      const Program* const mates[] = {&mate, &small};
                      RandomStream random(1, "operator", id);
                      (void)op->apply({&small, mates, &python}, random);
                    },
                    {}});
  }
  made.push_back({"literal_gauss and syntax check, 100 lines",
                  200,
                  [&checker](std::uint64_t id) {
                    RandomStream random(2, "check", id);
                    static const evolve::Operator& op = *evolve::find_operator("literal_gauss");
                    const auto child = op.apply({&large, {}, &python}, random);
                    if (child) (void)checker.check(child->child, python);
                  },
                  {}});
  made.push_back({"literal_gauss alone, 100 lines",
                  50,
                  [](std::uint64_t id) {
                    RandomStream random(2, "check", id);
                    static const evolve::Operator& op = *evolve::find_operator("literal_gauss");
                    (void)op.apply({&large, {}, &python}, random);
                  },
                  {}});
  made.push_back({"selector: choose, learn, save",
                  2,
                  [](std::uint64_t id) {
                    static evolve::OperatorSelector selector;
                    RandomStream random(3, "select", id);
                    selector.learn(selector.choose(random), id % 7 == 0 ? 0.5 : 0.0);
                    (void)selector.save();
                  },
                  {}});
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  genesis::evolve::SyntaxChecker checker;
  std::vector<Metric> all = metrics(checker);
  std::uint64_t id = 0;
  for (Metric& metric : all) metric.work(id++);  // starts the interpreter
  for (int round = 0; round < kRounds; ++round) {
    for (Metric& metric : all) {
      std::vector<double> times;
      for (int repeat = 0; repeat < kRepeats; ++repeat) {
        const auto begin = std::chrono::steady_clock::now();
        metric.work(id++);
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - begin;
        times.push_back(spent.count());
      }
      std::sort(times.begin(), times.end());
      metric.microseconds.push_back(times[times.size() / 2]);
    }
  }
  nlohmann::json rows = nlohmann::json::array();
  for (Metric& metric : all) {
    const double value = metric.median();
    const double spread = metric.microseconds.back() - metric.microseconds.front();
    rows.push_back({{"metric", metric.name},
                    {"value", value},
                    {"unit", "us"},
                    {"baseline", metric.baseline},
                    {"ratio", value / metric.baseline},
                    {"spread", spread}});
    std::printf("%-42s %8.2f us  (%.2f of %.0f us, spread %.2f)\n", metric.name.c_str(), value,
                value / metric.baseline, metric.baseline, spread);
  }
  if (argc > 1) std::ofstream(argv[1]) << rows.dump(2) << '\n';
  return 0;
}
