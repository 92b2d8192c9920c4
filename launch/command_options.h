#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "genesis/base/error.h"
#include "launch/command.h"

/// What the commands that folders of launch/ bring along are read and answered with. Main thread.
namespace genesis::launch {

/// "KEY=VALUE" into a map, for options that may be repeated.
std::function<Status(const std::string&)> pair_into(std::map<std::string, std::string>& to);
std::function<Status(const std::string&)> text_into(std::string& to);
/// Whole seconds, at least one: "90", "5m", "2h".
std::function<Status(const std::string&)> seconds_into(std::chrono::seconds& to);
std::function<Status(const std::string&)> set_flag(bool& to);

/// Rows under headings, columns as wide as they need.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace genesis::launch
