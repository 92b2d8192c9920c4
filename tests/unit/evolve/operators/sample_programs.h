#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/language.h"
#include "genesis/program/program.h"

namespace genesis::evolve {

/// A small program of each language with everything that a lexer can get wrong.
struct Sample {
  std::string_view language;
  std::string_view text;

  const Language& known() const { return *find_language(language); }
  Program program() const { return Program("main." + known().extension, std::string(text)); }
};

const std::vector<Sample>& code_samples();
/// Formats and languages in which only numbers may change.
const std::vector<Sample>& literal_only_samples();

}  // namespace genesis::evolve
