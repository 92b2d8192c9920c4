// YAML to tree, merged at "---", dumped and resolved: whatever the bytes, a tree or a
// ConfigError, in bounded time and memory.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "genesis/config/interpolation.h"
#include "genesis/config/reject.h"
#include "genesis/config/tree.h"
#include "genesis/config/yaml_dump.h"
#include "genesis/config/yaml_load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = genesis::config;
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = text.find("\n---\n");
  try {
    const config::NodePtr first = config::load_yaml(text.substr(0, half), "a.yaml");
    config::Resolver resolver(nullptr, 0);
    if (half != std::string_view::npos) {
      const config::NodePtr second = config::load_yaml(text.substr(half + 5), "b.yaml");
      config::merge_into(*first, *second, config::NewKeys::allowed, resolver);
    }
    config::dump_yaml(*first);
    config::Resolver again(nullptr, 0);
    config::dump_yaml(*again.resolve(*first, true));
  } catch (const config::ConfigError&) {
  }
  return 0;
}
