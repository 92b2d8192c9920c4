#include "genesis_evaluator/evaluator.h"

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "result_folder.h"

namespace genesis::evaluator {
namespace {

Report incorrect(std::string error) {
  Report report;
  report.correct = false;
  report.error = std::move(error);
  return report;
}

Report guarded(const Evaluate& evaluate, const Arguments& arguments) {
  Report report;
  try {
    report = evaluate(arguments);
  } catch (const CannotEvaluate&) {
    throw;
  } catch (const UsageError&) {
    throw;
  } catch (const std::exception& error) {
    const std::string message = error.what();
    return incorrect(message.empty() ? "the evaluator threw an exception without a message"
                                     : message);
  } catch (...) {
    return incorrect("the evaluator threw something that is no std::exception");
  }
  if (!std::isfinite(report.combined_score)) {
    report.combined_score = 0;
    report.error = report.correct || report.error.empty() ? "combined_score is not a finite number"
                                                          : report.error;
    report.correct = false;
  }
  if (!report.correct && report.error.empty()) report.error = "the evaluator gave no reason";
  return report;
}

void publish(const ResultFolder& folder, const Report& report) {
  Metrics metrics;
  metrics.set("combined_score", report.combined_score);
  metrics.set_json("public", report.public_metrics.to_json());
  metrics.set_json("private", report.private_metrics.to_json());
  if (!report.text_feedback.empty()) metrics.set("text_feedback", report.text_feedback);
  Metrics verdict;
  verdict.set("correct", report.correct);
  if (report.correct) {
    verdict.set_json("error", "null");
  } else {
    verdict.set("error", report.error);
  }
  folder.clear();  // a correct.json of the candidate's must not stand beside our metrics.json
  folder.publish("metrics.json", metrics.to_json() + "\n");
  folder.publish("correct.json", verdict.to_json() + "\n");
}

}  // namespace

int run(int argc, char** argv, const std::vector<Flag>& flags, const Evaluate& evaluate) {
  const std::string name =
      argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "evaluator";
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  try {
    for (const auto& word : words) {
      if (word != "--help") continue;
      std::fputs(usage(name, flags).c_str(), stdout);
      return 0;
    }
    const Arguments arguments = Arguments::parse(words, flags);
    const ResultFolder folder(arguments.results_dir());
    publish(folder, guarded(evaluate, arguments));
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "%s: %s\n%s", name.c_str(), error.what(), usage(name, flags).c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    return 1;
  }
}

}  // namespace genesis::evaluator
