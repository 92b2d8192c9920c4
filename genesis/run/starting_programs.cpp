#include "genesis/run/starting_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "genesis/base/home.h"
#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/language.h"
#include "genesis/warm_start/choose_programs.h"

namespace genesis::run {

using evolve::Seed;
namespace fs = std::filesystem;

namespace {

/// Collects seeds, equal ones once.
class SeedList {
 public:
  SeedList(StartingPrograms& out, int islands) : out_(out), islands_(std::max(1, islands)) {}

  /// Where the program is in the list; a second one of the same text is not added.
  std::size_t add(Seed seed, std::optional<int> island) {
    const auto [at, is_new] = known_.emplace(seed.program.key(), out_.seeds.size());
    if (!is_new) {
      ++equal_;
      return at->second;
    }
    seed.island = (island ? *island : static_cast<int>(out_.seeds.size())) % islands_;
    out_.seeds.push_back(std::move(seed));
    return at->second;
  }
  std::int64_t equal() const { return equal_; }

 private:
  StartingPrograms& out_;
  int islands_;
  std::unordered_map<std::string, std::size_t> known_;
  std::int64_t equal_ = 0;
};

/// The program that an imported text stands for. A seed of several files keeps its others.
Result<Program> program_of(const std::string& code, const Language& language,
                           const StartingPrograms& so_far) {
  GENESIS_TRY_ASSIGN(const auto blocks, find_blocks(code, language));
  std::string text = blocks.empty() ? wrap_in_block(code, language) : code;
  if (!so_far.seeds.empty() && so_far.seeds.front().program.files().size() > 1) {
    return so_far.seeds.front().program.with_text(std::move(text));
  }
  return Program("main." + language.extension, std::move(text));
}

std::string origin_of(const std::string& system, const warm_start::Listing& listing) {
  const std::string score =
      listing.score ? fmt::format("scored {} there", shortest_double(*listing.score)) : "no score";
  return to_valid_utf8(fmt::format("from {} {} (gen {}, {})", system, listing.id.substr(0, 40),
                                   listing.generation, score));
}

std::string skipped_text(const warm_start::Skipped& skipped) {
  std::string text;
  for (const auto& [why, count] : skipped) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, why);
  }
  return text;
}

Status add_earlier_run(const EvolutionConfig& config, const std::string& path, SeedList& list,
                       StartingPrograms& out) {
  const Language& language = *find_language(config.language);
  GENESIS_TRY_ASSIGN(const auto source, warm_start::open_source(find_data_file(path)));
  warm_start::ChooseOptions options;
  options.top = static_cast<std::size_t>(std::max(0, config.warm_start_top));
  options.fits = [&](std::string_view name) { return find_language(name) == &language; };
  GENESIS_TRY_ASSIGN(warm_start::Choice choice, warm_start::choose_programs(*source, options));
  const std::size_t before = out.seeds.size();
  const std::int64_t equal_before = list.equal();
  std::vector<std::optional<std::size_t>> places;  // in the list, by place in the choice
  for (warm_start::ChosenProgram& chosen : choice.programs) {
    auto program = program_of(chosen.text.code, language, out);
    const bool scored = chosen.listing.score.has_value();
    if (!program || (config.warm_start_trust_scores && !scored)) {
      ++choice.skipped[program ? "without a score to trust" : "with unpaired markers"];
      places.emplace_back();
      continue;
    }
    Seed seed;
    seed.program = std::move(*program);
    seed.mutator = "import";
    seed.summary = origin_of(source->system(), chosen.listing);
    if (chosen.parent) seed.parent = places[*chosen.parent];
    if (config.warm_start_trust_scores) {
      seed.trusted = {*chosen.listing.score, std::move(chosen.text.public_json),
                      std::move(chosen.text.private_json), std::move(chosen.text.text_feedback)};
    }
    places.emplace_back(list.add(std::move(seed), chosen.listing.island));
  }
  const std::size_t taken = out.seeds.size() - before;
  const std::int64_t equal = list.equal() - equal_before;
  if (equal > 0) choice.skipped["here already"] = equal;
  const std::string rest = skipped_text(choice.skipped);
  if (taken == 0 && equal == 0) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("evo_config.warm_start: nothing of '{}' ({}, {} programs) can be "
                                  "taken: {}",
                                  path, source->system(), choice.found, rest));
  }
  out.notices.push_back(fmt::format(
      "warm start from '{}': {} of {} programs of {}, {}{}{}", path, taken, choice.found,
      source->system(),
      config.warm_start_trust_scores ? "their scores taken over" : "to be evaluated again",
      rest.empty() ? "" : "; left out: ", rest));
  return {};
}

Status check_limits(const EvolutionConfig& config, std::size_t count) {
  const auto programs = static_cast<std::int64_t>(count);
  const bool generations = programs - 1 > config.num_generations;
  const bool evaluations = config.max_evaluations && programs > *config.max_evaluations;
  if (!generations && !evaluations) return {};
  return make_error(
      ErrorKind::invalid_argument,
      fmt::format(
          "there are {} programs to start from, each of them a generation, but {}={}; raise "
          "it, or take fewer (evo_config.warm_start_top)",
          programs, generations ? "evo_config.num_generations" : "evo_config.max_evaluations",
          generations ? config.num_generations : *config.max_evaluations));
}

}  // namespace

std::vector<std::string> seed_paths(const EvolutionConfig& config) {
  if (!config.init_program_paths.empty()) return config.init_program_paths;
  if (config.init_program_path.empty()) return {};
  return {config.init_program_path};
}

Result<Program> load_seed_program(const EvolutionConfig& config) {
  const auto paths = seed_paths(config);
  if (paths.empty()) {
    return make_error(ErrorKind::not_found,
                      "there is no seed program; set evo_config.init_program_path");
  }
  return load_seed_program(config, paths.front());
}

Result<Program> load_seed_program(const EvolutionConfig& config, const std::string& name) {
  const fs::path path = find_data_file(name);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return make_error(
        ErrorKind::not_found,
        fmt::format("the seed program '{}' was not found (looked in '{}' and in the Genesis "
                    "folder); set evo_config.init_program_path",
                    name, fs::current_path().string()));
  }
  GENESIS_TRY_ASSIGN(Program program, load_program(path.string(), config.primary_file));
  const Language& language = *find_language(config.language);
  if (program.files().size() == 1) {
    program = Program("main." + language.extension, program.text());
  }
  auto blocks = find_blocks(program.text(), language);
  if (!blocks) {
    return tl::unexpected<Error>(std::move(blocks.error()).with_context(path.string()));
  }
  if (blocks->empty()) {
    const std::string comment =
        language.line_comments.empty() ? "#" : language.line_comments.front();
    return make_error(
        ErrorKind::invalid_argument,
        fmt::format("'{}' has no region that may change: put a line '{} EVOLVE-BLOCK-START' "
                    "before it and '{} EVOLVE-BLOCK-END' after it",
                    path.string(), comment, comment));
  }
  return program;
}

Result<StartingPrograms> gather_starting_programs(const EvolutionConfig& config, int num_islands) {
  StartingPrograms out;
  SeedList list(out, num_islands);
  const auto paths = seed_paths(config);
  for (const std::string& path : paths) {
    Seed seed;
    GENESIS_TRY_ASSIGN(seed.program, load_seed_program(config, path));
    if (paths.size() > 1) seed.summary = "the program as given: " + to_valid_utf8(path);
    list.add(std::move(seed), std::nullopt);
  }
  if (list.equal() > 0) {
    out.notices.push_back(
        fmt::format("{} of the {} seed programs are equal to another: recorded once", list.equal(),
                    paths.size()));
  }
  for (const std::string& path : config.warm_start) {
    GENESIS_TRY(add_earlier_run(config, path, list, out));
  }
  if (out.seeds.empty()) return tl::unexpected<Error>(load_seed_program(config).error());
  GENESIS_TRY(check_limits(config, out.seeds.size()));
  return out;
}

}  // namespace genesis::run
