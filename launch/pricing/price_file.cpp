#include "launch/pricing/price_file.h"

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/config/node_json.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"

namespace genesis::launch {

namespace {

constexpr std::size_t kMostBytes = 1u << 20;

}  // namespace

Result<PriceList> read_price_text(std::string_view text, const std::string& source) {
  try {
    const auto tree = config::load_yaml(text, source);
    return parse_prices(config::to_json(*tree), source);
  } catch (const config::ConfigError& wrong) {
    return tl::unexpected<Error>(wrong.to_error());
  }
}

Result<PriceList> read_price_file(const std::filesystem::path& path) {
  GENESIS_TRY_ASSIGN(const std::string text, read_file(path, kMostBytes));
  return read_price_text(text, path.string());
}

}  // namespace genesis::launch
