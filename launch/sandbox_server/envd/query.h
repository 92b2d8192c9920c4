#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"

namespace genesis::envd {

/// A request's target in its parts: the decoded path, and the query's names and values.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;

  /// The first value of `name`; absent when it is not there (which is not the same as empty).
  std::optional<std::string> find(std::string_view name) const;
};

/// `+` and `%20` are both a space in the query; in the path only the latter is. Errors (`parse`): a
/// percent sign without two hex digits, a zero byte.
Result<Target> parse_target(std::string_view target);

/// "%41" to "A"; `plus_is_space` for forms. Errors as above.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace genesis::envd
