#pragma once

#include <string>

#include "launch/sandbox_server/sandbox_fleet.h"

namespace genesis::sandbox_server {

/// The server's counts in Prometheus' text format.
std::string prometheus_page(const SandboxFleet& fleet);

}  // namespace genesis::sandbox_server
