#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/option_reader.h"

namespace genesis::run {

/// A setting of ShinkaEvolve or Genesis (Python) that is set, accepted and does nothing here.
struct InertSetting {
  std::string key;  ///< "evo_config.llm_models"
  std::string why;  ///< What stands in its place, or that nothing does; a phrase.
};

/// One that the systems know. docs/compatibility.md names each of them; a test compares.
struct KnownInert {
  std::string_view section;  ///< "evo_config", "db_config", or empty: the top level.
  std::string_view key;
  std::string_view why;
  std::string_view quiet = "";  ///< As JSON: the value that asks for what happens anyway.
};
const std::vector<KnownInert>& known_inert_settings();

/// Takes the inert keys of the reader's section. Those that ask for something go to `found`, and
/// their values to `kept`, as JSON text. Null, false, [] and {} ask for nothing.
void read_inert_settings(OptionReader& reader, std::string_view section,
                         std::map<std::string, std::string>& kept,
                         std::vector<InertSetting>& found);

/// Whether a value asks for nothing: null, false, [], {}.
bool asks_for_nothing(const nlohmann::json& value);

/// One line per reason, each key once: "no effect: a, b (why)\n".
std::string inert_notice(const std::vector<InertSetting>& settings);

}  // namespace genesis::run
