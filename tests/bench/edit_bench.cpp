// Times of patches and diffs, and how often fuzzy matching is right. Usage: edit_bench [rows.json]
//
// Each row is the median over kRounds rounds, the metrics taking turns in each round so that a slow
// spell of the machine meets all of them. The baseline of the first row is ShinkaEvolve's 1.6 ms
// for the same kind of edit; that of a 2 MB row is twice its 1 MB row, so that a ratio of about 1
// means linear.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzzy_quality.h"
#include "genesis/base/error.h"
#include "genesis/base/files.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/patch.h"

namespace {

using genesis::PatchKind;
using genesis::Program;

constexpr int kRounds = 15;
constexpr std::size_t kMegabyte = 1u << 20;

struct Metric {
  std::string name;
  int repeats = 1;
  std::function<bool()> work;  ///< True when it ended as it should.
  std::vector<double> microseconds;

  double median() const { return microseconds[microseconds.size() / 2]; }
};

const genesis::Language& python() {
  return *genesis::find_language("python");
}

std::string block(std::string_view search, std::string_view replace) {
  return fmt::format("<<<<<<< SEARCH\n{}\n=======\n{}\n>>>>>>> REPLACE\n", search, replace);
}

/// A plausible function body: four lines per step, none like another.
std::string body(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines / 4; ++i) {
    text += fmt::format(
        "def step_{0}(state, rate={1}):\n    total = state[{0}] * rate + {2}\n"
        "    if total > {1}:\n        return total - {0}\n",
        i, static_cast<double>(i) * 0.25, i * 37 % 1009);
  }
  return text;
}

/// Lines of which none is like another, as in a program that people wrote.
std::string varied(std::size_t lines) {
  static const char* const kWords[] = {"radius", "center", "angle",  "weight", "total",
                                       "offset", "energy", "matrix", "vector", "scale"};
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    const std::size_t n = (i + 1) * 7919;
    text += fmt::format("{}_{} = {}({}, {})\n", kWords[n % 10], n % 99991, kWords[n / 10 % 10],
                        n * n % 999983, kWords[n / 100 % 10]);
  }
  return text;
}

/// SEARCH lines [first, first + count) of a text, every third one misquoted.
std::string misquoted(const std::string& text, std::size_t first, std::size_t count) {
  std::string part;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size() && line < first + count; ++line) {
    const std::size_t end = text.find('\n', at);
    if (line >= first) {
      std::string copy = text.substr(at, end - at);
      if (line % 3 == 0) copy.insert(copy.size() / 2, "x");
      part += (part.empty() ? "" : "\n") + copy;
    }
    at = end + 1;
  }
  return part;
}

Program wrapped(const std::string& text) {
  return {"main.py", genesis::wrap_in_block(text, python())};
}

std::string repeated(std::string_view line, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + line.size());
  while (text.size() < bytes) text += line;
  return text;
}

Metric metric(std::string name, int repeats, PatchKind kind, Program parent, std::string answer,
              bool succeeds) {
  return {std::move(name),
          repeats,
          [=, parent = std::move(parent), answer = std::move(answer)] {
            return genesis::apply_patch(kind, parent, answer, python()).has_value() == succeeds;
          },
          {}};
}

/// Inputs made to hurt, at a size.
void add_pathological(std::vector<Metric>& metrics, int megabytes) {
  const std::size_t size = kMegabyte * static_cast<std::size_t>(megabytes);
  const auto named = [&](std::string_view what) { return fmt::format("{}_{}mb", what, megabytes); };
  const std::string same_lines = repeated("a\n", size);
  const std::string one_line = repeated("a", size) + "\n";
  const std::string zigzag = repeated("a\n a\n", size);
  metrics.push_back(metric(named("edit_one_line_of"), 1, PatchKind::diff, wrapped(body(size / 28)),
                           block("def step_99(state, rate=24.75):", "def step_99(state, rate=1):"),
                           true));
  metrics.push_back(metric(named("search_half_of_equal_lines"), 1, PatchKind::diff,
                           wrapped(same_lines), block(same_lines.substr(0, size / 2) + "b", "c"),
                           false));
  metrics.push_back(metric(named("search_half_of_one_line"), 1, PatchKind::diff, wrapped(one_line),
                           block(one_line.substr(0, size / 2) + "b", "c"), false));
  metrics.push_back(metric(named("search_wrong_indentation"), 1, PatchKind::diff, wrapped(zigzag),
                           block(same_lines.substr(0, size / 4), "c"), false));
  // Approximate matching: found in a large file, nothing alike, everything alike, one huge line.
  const std::string unlike = varied(size / 30);
  metrics.push_back(metric(named("fuzzy_20_lines_in"), 1, PatchKind::diff, wrapped(unlike),
                           block(misquoted(unlike, 6000, 20), "c"), true));
  metrics.push_back(metric(named("fuzzy_1000_lines_in"), 1, PatchKind::diff, wrapped(unlike),
                           block(misquoted(unlike, 6000, 1000), "c"), true));
  const std::string alike = repeated("total = compute(state)\n", size);
  metrics.push_back(metric(named("fuzzy_100_equal_lines"), 1, PatchKind::diff, wrapped(alike),
                           block(alike.substr(0, 23 * 100) + "total = compute(rate)", "c"), false));
  metrics.push_back(metric(named("fuzzy_in_one_line"), 1, PatchKind::diff, wrapped(one_line),
                           block(one_line.substr(0, 60u << 10) + "b", "c"), false));
  metrics.push_back(metric(named("rewrite_all_lines"), 1, PatchKind::full, wrapped(body(size / 28)),
                           "```python\n" + repeated("new = 1\nold = 2\n", size) + "```\n", true));
}

std::vector<Metric> all_metrics() {
  const Program small = wrapped(body(500));
  std::vector<Metric> metrics;
  metrics.push_back(metric(
      "search_replace_500_lines", 50, PatchKind::diff, small,
      "<NAME>n</NAME><DESCRIPTION>d</DESCRIPTION><DIFF>\n" +
          block(
              "def step_60(state, rate=15):\n    total = state[60] * rate + 202",
              "def step_60(state, rate=16.0):\n    rate = rate * 2\n    total = state[60] + rate") +
          "</DIFF>",
      true));
  metrics.push_back(metric("search_replace_500_lines_indentation", 50, PatchKind::diff, small,
                           block("  def step_60(state, rate=15):\n      total = state[60] * rate "
                                 "+ 202",
                                 "  def step_60(state):\n      total = state[60]"),
                           true));
  metrics.push_back(metric("search_replace_500_lines_rejected", 20, PatchKind::diff, small,
                           block("def step_60(state, rate=15.5):\n    total = 1", "x"), false));
  const std::string text = varied(500);
  metrics.push_back(metric("fuzzy_500_lines", 20, PatchKind::diff, wrapped(text),
                           block(misquoted(text, 240, 4), "new = 1"), true));
  metrics.push_back(metric("fuzzy_500_lines_long_search", 20, PatchKind::diff, wrapped(text),
                           block(misquoted(text, 240, 60), "new = 1"), true));
  metrics.push_back(metric(
      "fuzzy_500_lines_ambiguous", 20, PatchKind::diff, small,
      block("def step_60(state, rate=99):\n    total = state[99] * rate + 202", "new = 1"), false));
  metrics.push_back(metric("full_rewrite_500_lines", 20, PatchKind::full, small,
                           "```python\n" + body(480) + "```\n", true));
  add_pathological(metrics, 1);
  add_pathological(metrics, 2);
  return metrics;
}

bool measure(Metric& metric) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < metric.repeats; ++i) {
    if (!metric.work()) return false;
  }
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  metric.microseconds.push_back(time.count() / metric.repeats);
  return true;
}

/// Shinka's figure for the first row, twice the 1 MB row for a 2 MB row, otherwise 0 (none).
double baseline(const std::vector<Metric>& metrics, const Metric& of) {
  if (&of == &metrics.front()) return 1600;
  if (!of.name.ends_with("_2mb")) return 0;
  const std::string smaller = of.name.substr(0, of.name.size() - 3) + "1mb";
  for (const Metric& other : metrics) {
    if (other.name == smaller) return 2 * other.median();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Metric> metrics = all_metrics();
  for (int round = 0; round < kRounds; ++round) {
    for (Metric& metric : metrics) {
      if (measure(metric)) continue;
      fmt::print(stderr, "edit_bench: '{}' did not end as it should\n", metric.name);
      return EXIT_FAILURE;
    }
  }
  for (Metric& metric : metrics) std::sort(metric.microseconds.begin(), metric.microseconds.end());
  nlohmann::json rows = nlohmann::json::array();
  fmt::print("{:40} {:>12} {:>12} {:>12} {:>12} {:>7}\n", "metric (us)", "median", "least", "most",
             "baseline", "ratio");
  for (const Metric& metric : metrics) {
    const double against = baseline(metrics, metric);
    nlohmann::json row = {{"metric", metric.name},
                          {"value", metric.median()},
                          {"unit", "us"},
                          {"least", metric.microseconds.front()},
                          {"most", metric.microseconds.back()},
                          {"baseline", nullptr},
                          {"ratio", nullptr}};
    if (against > 0) {
      row["baseline"] = against;
      row["ratio"] = metric.median() / against;
    }
    fmt::print("{:40} {:12.1f} {:12.1f} {:12.1f} {:>12} {:>7}\n", metric.name, metric.median(),
               metric.microseconds.front(), metric.microseconds.back(),
               against > 0 ? fmt::format("{:.1f}", against) : "-",
               against > 0 ? fmt::format("{:.3f}", metric.median() / against) : "-");
    rows.push_back(std::move(row));
  }
  for (const FuzzyQuality& quality : measure_fuzzy_quality(GENESIS_SOURCE_DIR)) {
    const auto row = [&](std::string_view what, double value) {
      const std::string name = fmt::format("fuzzy_{}_of_{}_lines", what, quality.lines);
      fmt::print("{:40} {:11.1f} %\n", name, value);
      rows.push_back({{"metric", name},
                      {"value", value},
                      {"unit", "%"},
                      {"baseline", nullptr},
                      {"ratio", nullptr}});
    };
    row("found", quality.found);
    row("found_elsewhere", quality.elsewhere);
    row("absent_taken", quality.absent_taken);
  }
  if (argc < 2) return EXIT_SUCCESS;
  const auto written = genesis::write_file(argv[1], rows.dump(2) + "\n");
  if (written) return EXIT_SUCCESS;
  fmt::print(stderr, "edit_bench: {}\n", written.error().message);
  return EXIT_FAILURE;
}
