#pragma once

#include <string>

#include "genesis/program/edit_script.h"
#include "genesis/program/language.h"

namespace genesis {

/// The halves of a block as they are sought and put in place.
struct BlockHalves {
  std::string search;
  std::string replace;
};

/// Newlines as "\n", no final one, no marker lines. Context that both halves share on the far side
/// of a marker (in front of a START, behind an END) is left out, as far as SEARCH keeps anything:
/// hunks of diffs show it, and no edit may touch it.
BlockHalves clean_halves(const EditBlock& block, const Language& language);

}  // namespace genesis
