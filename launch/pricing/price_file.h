#pragma once

#include <filesystem>

#include "launch/prices.h"

namespace genesis::launch {

/// A file of prices, YAML or JSON (docs/e2b.md, docs/slurm.md). Errors: not there, too large, not
/// what it should be, with the key and what is wrong.
Result<PriceList> read_price_file(const std::filesystem::path& path);

/// The same of a text; `source` names it in messages.
Result<PriceList> read_price_text(std::string_view text, const std::string& source);

}  // namespace genesis::launch
