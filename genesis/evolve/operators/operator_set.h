#pragma once

#include "genesis/evolve/operator_api.h"

namespace genesis::evolve {

// The built-in operators, one accessor each; they live as long as the process.

// literal_operators.cpp
const Operator& literal_gauss();
const Operator& literal_log();
const Operator& literal_int_step();
const Operator& literal_many();

}  // namespace genesis::evolve
