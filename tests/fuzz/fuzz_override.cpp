// Override grammar, sweeps and interpolation grammar: whatever the bytes, an answer or a
// ConfigError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/config/glob_match.h"
#include "genesis/config/interpolation_parse.h"
#include "genesis/config/override.h"
#include "genesis/config/override_text.h"
#include "genesis/config/reject.h"
#include "genesis/config/sweep.h"
#include "genesis/config/yaml_dump.h"

namespace {

/// Goes through a sweep; each value is read again as the jobs' arguments are.
void go_through(const genesis::config::Override& sweep) {
  namespace config = genesis::config;
  constexpr std::size_t kMost = 200;
  const auto options = [](const std::string&) {
    return std::vector<std::string>{"a", "mysql", "[x]", "-"};
  };
  for (const std::string& value : config::sweep_values(sweep, options, kMost)) {
    try {
      if (config::parse_override("k=" + value).input != "k=" + value) std::abort();
    } catch (const config::ConfigError&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = genesis::config;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const config::Override parsed = config::parse_override(text);
    if (parsed.input != text) std::abort();
    if (parsed.is_sweep()) {
      go_through(parsed);
    } else {
      config::override_text(parsed.value);
    }
    config::refuse_sweep(parsed);
    config::dump_yaml(*config::make_node(parsed.value, {}));
  } catch (const config::ConfigError&) {
  }
  config::interpolation_problem(text);
  config::glob_match(text.substr(0, size / 2), text.substr(size / 2));
  return 0;
}
