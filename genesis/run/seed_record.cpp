#include "genesis/run/seed_record.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace genesis::run {

using evolve::Seed;
using nlohmann::json;

namespace {

constexpr std::string_view kMagic = "genesis seeds 1\n";

json to_json(const Seed& seed) {
  json object{{"mutator", seed.mutator}, {"summary", seed.summary}, {"island", seed.island}};
  if (seed.parent) object["parent"] = *seed.parent;
  if (seed.generation_before) object["generation_before"] = *seed.generation_before;
  if (seed.trusted) {
    object["trusted"] = {{"score", seed.trusted->score},
                         {"public", seed.trusted->public_json},
                         {"private", seed.trusted->private_json},
                         {"text_feedback", seed.trusted->text_feedback}};
  }
  return object;
}

Seed from_json(const json& object, std::size_t index) {
  Seed seed;
  seed.mutator = object.at("mutator").get<std::string>();
  seed.summary = object.at("summary").get<std::string>();
  seed.island = object.at("island").get<int>();
  if (object.contains("parent")) seed.parent = object.at("parent").get<std::size_t>();
  if (seed.parent && *seed.parent >= index) throw std::out_of_range("a parent after its child");
  if (object.contains("generation_before")) {
    seed.generation_before = object.at("generation_before").get<std::int64_t>();
    if (*seed.generation_before < 0) throw std::out_of_range("a generation below zero");
  }
  if (object.contains("trusted")) {
    const json& trusted = object.at("trusted");
    seed.trusted = {trusted.at("score").get<double>(), trusted.at("public").get<std::string>(),
                    trusted.at("private").get<std::string>(),
                    trusted.at("text_feedback").get<std::string>()};
  }
  return seed;
}

/// Takes "<number>\n" and so many bytes off the front.
std::string_view take_piece(std::string_view& rest) {
  std::size_t size = 0;
  const char* const stop = rest.data() + rest.size();
  const auto number = std::from_chars(rest.data(), stop, size);
  if (number.ec != std::errc() || number.ptr == stop || *number.ptr != '\n') {
    throw std::out_of_range("a length is missing");
  }
  rest.remove_prefix(static_cast<std::size_t>(number.ptr - rest.data()) + 1);
  if (size > rest.size()) throw std::out_of_range("it is cut off");
  const std::string_view piece = rest.substr(0, size);
  rest.remove_prefix(size);
  return piece;
}

}  // namespace

std::string encode_seeds(const std::vector<Seed>& seeds) {
  std::string out(kMagic);
  for (const Seed& seed : seeds) {
    for (const std::string& piece :
         {to_json(seed).dump(-1, ' ', false, json::error_handler_t::replace),
          seed.program.encode()}) {
      out += fmt::format("{}\n", piece.size());
      out += piece;
    }
  }
  return out;
}

Result<std::vector<Seed>> decode_seeds(std::string_view encoded) {
  std::vector<Seed> seeds;
  try {
    if (!encoded.starts_with(kMagic)) throw std::out_of_range("it does not begin as one");
    std::string_view rest = encoded.substr(kMagic.size());
    while (!rest.empty()) {
      Seed seed = from_json(json::parse(take_piece(rest)), seeds.size());
      GENESIS_TRY_ASSIGN(seed.program, Program::decode(take_piece(rest)));
      seeds.push_back(std::move(seed));
    }
  } catch (const std::exception& failure) {
    return make_error(
        ErrorKind::parse,
        fmt::format("the run's list of starting programs is damaged: {}", failure.what()));
  }
  return seeds;
}

}  // namespace genesis::run
