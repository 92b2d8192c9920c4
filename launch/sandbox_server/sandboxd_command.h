#pragma once

#include "launch/command.h"

namespace genesis::sandbox_server {

/// `genesis sandboxd`.
launch::Command sandboxd_command();

}  // namespace genesis::sandbox_server
