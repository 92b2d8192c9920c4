#pragma once

#include <string>
#include <vector>

namespace genesis::launch {

/// The graphics cards that jobs can be given: those of CUDA_VISIBLE_DEVICES when `visible` is set
/// (also when it is empty), else one for each /dev/nvidia<N>.
std::vector<std::string> find_gpus(const char* visible);

}  // namespace genesis::launch
