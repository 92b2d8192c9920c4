#include "genesis/warm_start/openevolve_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "evaluators/json_fields.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"

namespace genesis::warm_start {
namespace {

using evaluators::decode_json_string;
using evaluators::JsonKind;
using evaluators::JsonValue;
using evaluators::read_json_object;

constexpr std::size_t kMaxFileBytes = 16u << 20;  // embeddings and prompts are in it too
constexpr std::size_t kMaxFiles = 100'000;

std::string text_of(const JsonValue& value) {
  return value.kind == JsonKind::string ? decode_json_string(value.compact) : std::string();
}

std::optional<double> number_of(const JsonValue& value) {
  if (value.kind != JsonKind::number) return std::nullopt;
  double number = 0;
  std::from_chars(value.compact.data(), value.compact.data() + value.compact.size(), number);
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

/// Fitness as OpenEvolve takes it: combined_score, else the mean of the numbers that are no feature
/// dimension, else of all numbers.
struct Fitness {
  bool has_combined = false;
  std::optional<double> combined;
  double plain_sum = 0, all_sum = 0;
  int plain = 0, all = 0;
  bool only_error = true;
  std::string error;

  void take(std::string_view name, const JsonValue& value) {
    const auto number = number_of(value);
    if (name == "combined_score") {
      has_combined = value.kind == JsonKind::number || value.kind == JsonKind::not_finite;
      combined = number;
    }
    if (name == "error" && value.kind == JsonKind::string) error = text_of(value);
    if (!number) return;
    only_error = only_error && name == "error";
    all_sum += *number;
    ++all;
    if (name == "complexity" || name == "diversity") return;
    plain_sum += *number;
    ++plain;
  }
  std::optional<double> score() const {
    if (has_combined) return combined;
    if (all == 0) return std::nullopt;
    const double mean = plain > 0 ? plain_sum / plain : all_sum / all;
    return std::isfinite(mean) ? std::optional<double>(mean) : std::nullopt;
  }
};

Status take_metrics(std::string_view compact, OpenEvolveProgram& program) {
  Fitness fitness;
  GENESIS_TRY(
      read_json_object(compact, [&](std::string_view name, const JsonValue& value) -> Status {
        fitness.take(name, value);
        return {};
      }));
  program.listing.score = fitness.score();
  program.listing.correct =
      program.listing.score.has_value() && fitness.error.empty() && !fitness.only_error;
  program.text.public_json = compact_object(compact).value_or("{}");
  return {};
}

Status take_island(std::string_view metadata, Listing& listing) {
  return read_json_object(metadata, [&](std::string_view name, const JsonValue& value) -> Status {
    const auto number = number_of(value);
    if (name == "island" && number && *number >= 0 && *number < 1e6) {
      listing.island = static_cast<int>(*number);
    }
    return {};
  });
}

tl::unexpected<Error> unusable(std::string why) {
  return make_error(ErrorKind::invalid_argument, std::move(why));
}

class OpenEvolveSource final : public ProgramSource {
 public:
  explicit OpenEvolveSource(std::vector<fs::path> files) : files_(std::move(files)) {}

  std::string system() const override { return "OpenEvolve"; }

  Result<std::vector<Listing>> list(Skipped& skipped) override {
    std::vector<Listing> found;
    std::string first_problem;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      auto program = load(files_[i]);
      if (!program) {
        ++skipped["unreadable"];
        if (first_problem.empty()) first_problem = program.error().message;
        continue;
      }
      program->listing.handle = static_cast<std::int64_t>(i);
      found.push_back(std::move(program->listing));
    }
    if (found.empty() && !files_.empty()) {
      return make_error(ErrorKind::parse, fmt::format("none of the {} programs can be read: {}",
                                                      files_.size(), first_problem));
    }
    return found;
  }

  Result<ProgramText> read(const Listing& listing) override {
    auto program = load(files_[static_cast<std::size_t>(listing.handle)]);
    if (!program) return unusable("unreadable");
    if (program->text.code.size() > kMaxCodeBytes) return unusable("longer than 1 MB");
    return std::move(program->text);
  }

 private:
  static Result<OpenEvolveProgram> load(const fs::path& file) {
    GENESIS_TRY_ASSIGN(const std::string text, read_file(file, kMaxFileBytes));
    auto program = parse_openevolve_program(text);
    if (!program) {
      return tl::unexpected<Error>(std::move(program.error()).with_context(file.string()));
    }
    return program;
  }

  std::vector<fs::path> files_;
};

}  // namespace

Result<OpenEvolveProgram> parse_openevolve_program(std::string_view json) {
  OpenEvolveProgram program;
  Listing& listing = program.listing;
  bool has_code = false;
  GENESIS_TRY(read_json_object(json, [&](std::string_view key, const JsonValue& value) -> Status {
    if (key == "id") listing.id = text_of(value);
    if (key == "parent_id") listing.parent_id = text_of(value);
    if (key == "language") listing.language = text_of(value);
    if (key == "generation") {
      const auto number = number_of(value);
      if (number && std::abs(*number) < 1e15) {
        listing.generation = static_cast<std::int64_t>(*number);
      }
    }
    if (key == "code" && value.kind == JsonKind::string) {
      program.text.code = decode_json_string(value.compact);
      has_code = true;
    }
    if (key == "metrics" && value.kind == JsonKind::object) {
      return take_metrics(value.compact, program);
    }
    if (key == "metadata" && value.kind == JsonKind::object) {
      return take_island(value.compact, listing);
    }
    return {};
  }));
  if (listing.id.empty() || !has_code) {
    return make_error(ErrorKind::parse, "no program of OpenEvolve: 'id' or 'code' is missing");
  }
  return program;
}

Result<std::unique_ptr<ProgramSource>> open_openevolve(const std::filesystem::path& checkpoint) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator it(checkpoint / "programs", failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->path().extension() == ".json") files.push_back(it->path());
    if (files.size() > kMaxFiles) {
      return make_error(ErrorKind::parse, fmt::format("'{}' holds more than {} programs",
                                                      checkpoint.string(), kMaxFiles));
    }
  }
  if (failure) return errno_error("read", (checkpoint / "programs").string(), failure.value());
  if (files.empty()) {
    return make_error(ErrorKind::parse,
                      fmt::format("the checkpoint '{}' holds no program", checkpoint.string()));
  }
  std::sort(files.begin(), files.end());
  return std::make_unique<OpenEvolveSource>(std::move(files));
}

}  // namespace genesis::warm_start
