#pragma once

#include <vector>

#include "launch/registry.h"

namespace genesis::sandbox_server {

/// What `genesis sandboxd` finds on this machine, one sandbox started and ended as the proof, and
/// what a later part can use. Blocking: some tens of milliseconds.
std::vector<launch::DoctorLine> check_sandboxes();

}  // namespace genesis::sandbox_server
