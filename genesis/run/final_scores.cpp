#include "genesis/run/final_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "genesis/ui/progress_text.h"

namespace genesis::run {

using nlohmann::json;

namespace {

bool is_complete(const FinalProgram& program, int repeats) {
  return program.by_seed.size() == static_cast<std::size_t>(repeats);
}

std::string describe_one(const FinalProgram& program) {
  const ScoreSummary summary = program.summary();
  std::string text = fmt::format("gen {} ", program.generation);
  if (summary.count == 0) {
    text += "failed on every seed";
  } else if (summary.count > 1 && summary.same()) {
    text += format_score(summary.mean) + ", the same on every seed";
  } else {
    text += format_score(summary.mean);
    if (summary.count > 1) text += " ± " + format_score(summary.deviation);
  }
  text += fmt::format(" ({} in the search)", format_score(program.search_score));
  if (summary.count > 0 && program.failures() > 0) {
    text += fmt::format(", failed on {} of {}", program.failures(), program.by_seed.size());
  }
  return text;
}

FinalProgram program_from(const json& object, int repeats) {
  FinalProgram program;
  program.generation = object.at("generation").get<std::int64_t>();
  program.search_score = object.at("search_score").get<double>();
  for (const auto& [seed, score] : object.at("scores").items()) {
    const int number = std::stoi(seed);
    if (number < 1 || number > repeats) throw std::out_of_range("a seed that was not asked for");
    program.by_seed[number] =
        score.is_null() ? std::nullopt : std::optional<double>(score.get<double>());
  }
  return program;
}

}  // namespace

ScoreSummary FinalProgram::summary() const {
  std::vector<double> scores;
  for (const auto& [seed, score] : by_seed) {
    if (score) scores.push_back(*score);
  }
  return summarise(scores);
}

int FinalProgram::failures() const {
  return static_cast<int>(std::count_if(by_seed.begin(), by_seed.end(),
                                        [](const auto& entry) { return !entry.second; }));
}

std::vector<std::pair<std::size_t, int>> FinalScores::missing() const {
  std::vector<std::pair<std::size_t, int>> left;
  for (int seed = 1; seed <= repeats; ++seed) {
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (programs[i].by_seed.count(seed) == 0) left.emplace_back(i, seed);
    }
  }
  return left;
}

const FinalProgram* FinalScores::best() const {
  const FinalProgram* found = nullptr;
  for (const FinalProgram& program : programs) {
    if (!is_complete(program, repeats) || program.summary().count == 0) continue;
    if (found == nullptr || program.failures() < found->failures() ||
        (program.failures() == found->failures() &&
         program.summary().mean > found->summary().mean)) {
      found = &program;
    }
  }
  return found;
}

FinalScores plan_final_scores(const FinalScores& known, FinalScores wanted) {
  if (known.epoch != wanted.epoch || known.evaluator_hash != wanted.evaluator_hash) return wanted;
  for (FinalProgram& program : wanted.programs) {
    for (const FinalProgram& before : known.programs) {
      if (before.generation != program.generation) continue;
      for (const auto& [seed, score] : before.by_seed) {
        if (seed <= wanted.repeats) program.by_seed[seed] = score;
      }
    }
  }
  return wanted;
}

json to_json(const FinalScores& scores) {
  json programs = json::array();
  for (const FinalProgram& program : scores.programs) {
    json by_seed = json::object();
    for (const auto& [seed, score] : program.by_seed) {
      by_seed[std::to_string(seed)] = score ? json(*score) : json(nullptr);
    }
    const ScoreSummary summary = program.summary();
    const bool any = summary.count > 0;
    programs.push_back({{"generation", program.generation},
                        {"search_score", program.search_score},
                        {"scores", by_seed},
                        {"mean", any ? json(summary.mean) : json(nullptr)},
                        {"standard_deviation", any ? json(summary.deviation) : json(nullptr)},
                        {"failures", program.failures()}});
  }
  const FinalProgram* best = scores.best();
  return {{"epoch", scores.epoch},
          {"evaluator", scores.evaluator_hash},
          {"repeats", scores.repeats},
          {"complete", scores.missing().empty()},
          {"best_generation", best != nullptr ? json(best->generation) : json(nullptr)},
          {"programs", programs}};
}

Result<FinalScores> decode_final_scores(std::string_view text) {
  try {
    const json object = json::parse(text);
    FinalScores scores;
    scores.epoch = object.at("epoch").get<std::int64_t>();
    scores.evaluator_hash = object.at("evaluator").get<std::string>();
    scores.repeats = object.at("repeats").get<int>();
    // Bounded, because what is missing is listed.
    if (scores.repeats < 0 || scores.repeats > 100'000) throw std::out_of_range("repeats");
    for (const json& program : object.at("programs")) {
      scores.programs.push_back(program_from(program, scores.repeats));
    }
    return scores;
  } catch (const std::exception& failure) {
    return make_error(
        ErrorKind::parse,
        std::string("the run's scores on unseen seeds are damaged: ") + failure.what());
  }
}

std::vector<std::string> describe(const FinalScores& scores) {
  std::vector<std::string> lines;
  for (const FinalProgram& program : scores.programs) {
    if (program.by_seed.empty()) continue;
    std::string line = describe_one(program);
    if (lines.empty()) {
      line = fmt::format("on {} unseen seed{}: {}", scores.repeats, scores.repeats == 1 ? "" : "s",
                         line);
    }
    lines.push_back(std::move(line));
  }
  if (lines.empty()) return lines;
  const FinalProgram* best = scores.best();
  if (!scores.missing().empty()) {
    lines.push_back("not all are evaluated yet");
  } else if (best != nullptr && best != &scores.programs.front() &&
             best->summary().mean != scores.programs.front().summary().mean) {
    lines.push_back(fmt::format("generation {} is better there; best/ is what the search found",
                                best->generation));
  }
  return lines;
}

}  // namespace genesis::run
