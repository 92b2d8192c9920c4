#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "genesis/hooks/delivery.h"
#include "genesis/process/child_watcher.h"

namespace genesis::hooks {

/// A program to tell of an event.
struct CommandCall {
  std::vector<std::string> argv;         ///< The program is looked for in PATH.
  std::vector<std::string> environment;  ///< "NAME=value", complete.
  std::string input;                     ///< Standard input.
  std::chrono::milliseconds timeout{10'000};
};

/// Starts the program in a session of its own, in the present folder. It is over when it has
/// exited; what it leaves behind is ended, and all of it at the deadline. Exit status 0 is success.
/// What cannot be started is a failure like another. `watcher` is borrowed.
std::unique_ptr<Delivery> deliver_by_command(boost::asio::io_context& io,
                                             process::ChildWatcher& watcher, CommandCall call,
                                             DeliveryHandler on_end);

}  // namespace genesis::hooks
