#pragma once

#include "launch/command.h"

namespace genesis::launch::e2b {

/// `genesis sandbox …`: sandboxes of any provider that speaks E2B's protocol, by hand.
Command sandbox_command();

/// Its larger parts, each in a file of its own.
Command exec_command();
Command copy_command();

}  // namespace genesis::launch::e2b
