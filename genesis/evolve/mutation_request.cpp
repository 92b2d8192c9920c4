#include "genesis/evolve/mutation_request.h"

#include <fmt/format.h>

#include "genesis/base/text.h"

namespace genesis::evolve {

std::string_view to_string(RequestKind kind) {
  return kind == RequestKind::fix ? "fix" : "improve";
}

std::string EvaluationFailure::describe() const {
  std::string text = fmt::format("The program failed its evaluation: {}", outcome);
  if (!error.empty() && error != outcome) text += fmt::format(": {}", error);
  text += '\n';
  const auto add = [&](std::string_view title, std::string_view body) {
    body = trim(body);
    if (!body.empty()) text += fmt::format("{}:\n{}\n", title, body);
  };
  add("Feedback of the evaluator", text_feedback);
  add("End of the error log", log_tail);
  return to_valid_utf8(text);
}

}  // namespace genesis::evolve
