#include "launch/command_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::launch {

std::function<Status(const std::string&)> pair_into(std::map<std::string, std::string>& to) {
  return [&to](const std::string& value) -> Status {
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return make_error(ErrorKind::invalid_argument, fmt::format("'{}' is not KEY=VALUE", value));
    }
    to[value.substr(0, equals)] = value.substr(equals + 1);
    return {};
  };
}

std::function<Status(const std::string&)> text_into(std::string& to) {
  return [&to](const std::string& value) -> Status {
    to = value;
    return {};
  };
}

std::function<Status(const std::string&)> seconds_into(std::chrono::seconds& to) {
  return [&to](const std::string& value) -> Status {
    GENESIS_TRY_ASSIGN(const auto given, parse_duration(value));
    to = std::chrono::ceil<std::chrono::seconds>(given);
    if (to.count() > 0) return {};
    return make_error(ErrorKind::invalid_argument, fmt::format("'{}': at least one second", value));
  };
}

std::function<Status(const std::string&)> set_flag(bool& to) {
  return [&to](const std::string&) -> Status {
    to = true;
    return {};
  };
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + '\n';
  }
  return text;
}

}  // namespace genesis::launch
