#include "launch/command.h"

#include <algorithm>
#include <utility>

namespace genesis::launch {

namespace {

std::vector<Command>& commands() {
  static std::vector<Command> the_commands;
  return the_commands;
}

}  // namespace

void register_command(Command command) {
  auto& all = commands();
  const auto same = std::find_if(all.begin(), all.end(),
                                 [&](const Command& known) { return known.name == command.name; });
  if (same == all.end()) {
    all.push_back(std::move(command));
  } else {
    *same = std::move(command);
  }
}

const std::vector<Command>& all_commands() {
  return commands();
}

}  // namespace genesis::launch
