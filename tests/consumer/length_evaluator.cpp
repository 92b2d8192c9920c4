// An evaluator with the installed helper: nearer to ten numbers' digits is better.
#include <genesis_evaluator/evaluator.h>

#include <cmath>

namespace ge = genesis::evaluator;

int main(int argc, char** argv) {
  return ge::run(argc, argv, {{"target", "100", "the length wanted"}},
                 [](const ge::Arguments& arguments) {
                   const auto length = static_cast<double>(arguments.program().size());
                   ge::Report report;
                   report.combined_score = -std::abs(length - arguments.number("target"));
                   report.public_metrics.set("length", length);
                   return report;
                 });
}
