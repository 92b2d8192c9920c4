// Result files from untrusted programs: whatever the bytes, the outcome is consistent and what it
// passes on is strict JSON. The bytes up to the first NUL are metrics.json, the rest correct.json.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "evaluators/result_files.h"
#include "genesis/base/text.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void require_object(const std::string& text) {
  require(
      nlohmann::json::parse(text).is_object());  // throws, and so ends the run, when it is not JSON
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto cut = bytes.find('\0');
  genesis::evaluators::ResultTexts texts;
  texts.metrics_json = std::string(bytes.substr(0, cut));
  texts.correct_json = cut == std::string_view::npos ? R"({"correct": true, "error": null})"
                                                     : std::string(bytes.substr(cut + 1));
  const auto outcome = genesis::evaluators::read_results(texts);
  using genesis::evaluators::OutcomeKind;
  require(outcome.kind != OutcomeKind::job_failure);
  require(outcome.correct == (outcome.kind == OutcomeKind::ok));
  require(outcome.error.empty() == outcome.correct);
  require(std::isfinite(outcome.combined_score));
  require(genesis::is_valid_utf8(outcome.text_feedback));
  require_object(outcome.public_json);
  require_object(outcome.private_json);
  require_object(outcome.extra_json);
  return 0;
}
