#include "launch/fake/toy_score.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace genesis::launch {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::vector<std::string_view> mutable_parts(std::string_view program) {
  constexpr std::string_view kStart = "EVOLVE-BLOCK-START";
  constexpr std::string_view kEnd = "EVOLVE-BLOCK-END";
  std::vector<std::string_view> parts;
  std::size_t from = program.find(kStart);
  while (from != std::string_view::npos) {
    from += kStart.size();
    const std::size_t to = program.find(kEnd, from);
    parts.push_back(program.substr(from, to == std::string_view::npos ? to : to - from));
    from = to == std::string_view::npos ? to : program.find(kStart, to);
  }
  if (parts.empty()) parts.push_back(program);
  return parts;
}

void add_literals(std::string_view text, double target, ToyScore& score) {
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    if (is_name(*at) && !is_digit(*at)) {
      while (at < end && is_name(*at)) ++at;  // A name, with the digits in it.
      continue;
    }
    const bool begins = is_digit(*at) || (*at == '.' && at + 1 < end && is_digit(at[1]));
    double value = 0;
    const auto [stop, error] = std::from_chars(at, begins ? end : at, value);
    if (!begins || error == std::errc::invalid_argument) {
      ++at;
      continue;
    }
    at = stop;
    if (error != std::errc()) continue;  // Out of range: a literal that no double holds.
    ++score.literals;
    score.distance += std::abs(value - target);
  }
}

}  // namespace

ToyScore toy_score(std::string_view program, double target) {
  ToyScore score;
  for (const auto part : mutable_parts(program)) add_literals(part, target, score);
  if (score.literals > 0) score.score = 1 / (1 + score.distance);
  return score;
}

std::string toy_metrics(const ToyScore& score) {
  return nlohmann::json{{"combined_score", score.score},
                        {"public", {{"literals", score.literals}, {"distance", score.distance}}},
                        {"private", nlohmann::json::object()},
                        {"text_feedback", ""}}
      .dump();
}

}  // namespace genesis::launch
