#include "evaluators/result_files.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "evaluators/json_fields.h"
#include "genesis/base/text.h"

namespace genesis::evaluators {
namespace {

constexpr std::string_view kMetrics = "metrics.json";
constexpr std::string_view kCorrect = "correct.json";

struct Score {
  bool present = false;
  std::string not_finite;  // what stands there instead of a number
};

struct Verdict {
  std::optional<bool> correct;
  std::string error;
};

Status wrong_type(std::string_view key, std::string_view expected, JsonKind found) {
  return make_error(ErrorKind::parse,
                    fmt::format("'{}' must be {}, found {}", key, expected, to_string(found)));
}

Status read_score(const JsonValue& value, double& combined_score, Score& score) {
  score.present = true;
  if (value.kind == JsonKind::null || value.kind == JsonKind::not_finite) {
    score.not_finite = value.compact;
    return {};
  }
  if (value.kind != JsonKind::number) return wrong_type("combined_score", "a number", value.kind);
  const auto text = value.compact;
  std::from_chars(text.data(), text.data() + text.size(), combined_score);
  return {};
}

Status read_feedback(const JsonValue& value, std::string& feedback) {
  if (value.kind == JsonKind::null) return {};
  if (value.kind == JsonKind::string) {
    feedback = decode_json_string(value.compact);
    return {};
  }
  if (value.kind != JsonKind::array)
    return wrong_type("text_feedback", "a string or a list of strings", value.kind);
  bool first = true;
  return read_json_array(value.compact, [&](const JsonValue& item) -> Status {
    if (item.kind != JsonKind::string)
      return wrong_type("text_feedback", "a string or a list of strings", item.kind);
    if (!std::exchange(first, false)) feedback.push_back('\n');
    feedback += decode_json_string(item.compact);
    return {};
  });
}

Status read_object(std::string_view key, const JsonValue& value, std::string& out) {
  if (value.kind == JsonKind::null) return {};
  if (value.kind != JsonKind::object) return wrong_type(key, "an object", value.kind);
  out = value.compact;
  return {};
}

void add_extra(std::string_view key, const JsonValue& value, std::string& extra) {
  constexpr std::string_view kHex = "0123456789abcdef";
  extra.pop_back();  // the closing brace
  if (extra.size() > 1) extra.push_back(',');
  extra.push_back('"');
  for (const char c : key) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20) {
      extra += "\\u00";
      extra.push_back(kHex[code >> 4]);
      extra.push_back(kHex[code & 15]);
      continue;
    }
    if (c == '"' || c == '\\') extra.push_back('\\');
    extra.push_back(c);
  }
  extra += "\":";
  extra += value.kind == JsonKind::not_finite ? std::string_view("null") : value.compact;
  extra.push_back('}');
}

Status read_metrics(std::string_view text, EvaluationOutcome& outcome, Score& score) {
  return read_json_object(text, [&](std::string_view key, const JsonValue& value) -> Status {
    if (key == "combined_score") return read_score(value, outcome.combined_score, score);
    if (key == "public") return read_object(key, value, outcome.public_json);
    if (key == "private") return read_object(key, value, outcome.private_json);
    if (key == "text_feedback") return read_feedback(value, outcome.text_feedback);
    add_extra(key, value, outcome.extra_json);
    return {};
  });
}

Status read_correct(std::string_view text, Verdict& verdict) {
  GENESIS_TRY(read_json_object(text, [&](std::string_view key, const JsonValue& value) -> Status {
    if (key == "correct") {
      if (value.kind != JsonKind::boolean) return wrong_type(key, "true or false", value.kind);
      verdict.correct = value.compact == "true";
    } else if (key == "error" && value.kind == JsonKind::string) {
      verdict.error = decode_json_string(value.compact);
    } else if (key == "error" && value.kind != JsonKind::null) {
      verdict.error = value.compact;
    }
    return {};
  }));
  if (!verdict.correct) return make_error(ErrorKind::parse, "the key 'correct' is missing");
  return {};
}

EvaluationOutcome invalid(std::string_view file, std::string_view why) {
  EvaluationOutcome outcome;
  outcome.error = std::string(file) + ": " + std::string(why);
  return outcome;
}

/// Why a text cannot be looked at, or empty.
std::string unusable(const std::optional<std::string>& text, const std::string& problem) {
  if (!problem.empty()) return problem;
  if (!text) return "missing: the evaluator did not write it";
  if (text->size() > kMaxResultBytes)
    return "larger than the " + format_bytes(kMaxResultBytes) + " that are allowed";
  return {};
}

void load_one(const fs::path& path, std::optional<std::string>& text, std::string& problem) {
  auto content = read_file(path, kMaxResultBytes, /*follow_links=*/false);
  if (content) {
    text = std::move(*content);
  } else if (content.error().kind != ErrorKind::not_found) {
    problem = std::move(content.error().message);
  }
}

}  // namespace

ResultTexts load_results(const fs::path& results_dir) {
  ResultTexts texts;
  load_one(results_dir / kMetrics, texts.metrics_json, texts.metrics_problem);
  load_one(results_dir / kCorrect, texts.correct_json, texts.correct_problem);
  return texts;
}

EvaluationOutcome read_results(const ResultTexts& texts) {
  if (const auto why = unusable(texts.correct_json, texts.correct_problem); !why.empty())
    return invalid(kCorrect, why);
  if (const auto why = unusable(texts.metrics_json, texts.metrics_problem); !why.empty())
    return invalid(kMetrics, why);
  Verdict verdict;
  if (auto read = read_correct(*texts.correct_json, verdict); !read)
    return invalid(kCorrect, read.error().message);
  EvaluationOutcome outcome;
  Score score;
  if (auto read = read_metrics(*texts.metrics_json, outcome, score); !read)
    return invalid(kMetrics, read.error().message);

  outcome.kind = OutcomeKind::incorrect;
  if (!*verdict.correct) {
    outcome.error = verdict.error.empty() ? "the evaluator says that it is not correct"
                                          : std::move(verdict.error);
  } else if (!score.not_finite.empty()) {
    outcome.error = "metrics.json: combined_score is " + score.not_finite + ", not a finite number";
  } else {
    outcome.kind = OutcomeKind::ok;
    outcome.correct = true;
    if (!score.present) outcome.note = "metrics.json has no combined_score: it counts as 0.0";
  }
  return outcome;
}

}  // namespace genesis::evaluators
