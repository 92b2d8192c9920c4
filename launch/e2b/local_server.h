#pragma once

#include <filesystem>
#include <string>

#include "genesis/base/error.h"

namespace genesis::launch::e2b {

/// A `genesis sandboxd` of this machine that runs started without a key share.
struct LocalServer {
  std::string url;
  std::string api_key;
  bool started = false;  ///< By this call.
};

/// Where it keeps its state: GENESIS_SANDBOXD_DIR, else below XDG_STATE_HOME or ~/.local/state.
std::filesystem::path own_server_folder();

/// The server of this folder: found where it runs, else started in the background. It ends when it
/// has had nothing to do for a while; the next one takes over what is there. Errors: no `genesis`
/// program, a server that does not start (with its words). Blocking for as long as its start takes.
Result<LocalServer> find_or_start_server(const std::filesystem::path& folder);

}  // namespace genesis::launch::e2b
