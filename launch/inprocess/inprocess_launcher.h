#pragma once

#include <functional>
#include <memory>

#include "launch/inprocess/callable_pool.h"
#include "launch/launcher.h"
#include "launch/registry.h"

namespace genesis::launch {

/// A launcher whose jobs are calls of a C++ function in this process, `slots` at a time, each on a
/// thread of its own. Results travel inline (`JobResults::inline_files`), nothing touches the disk.
///
/// What a function in this process cannot give: limits other than wall time are not enforced, and a
/// deadline or cancel only raises the `StopFlag`. A callable that has not returned `kill_grace`
/// later is reported (timeout, cancelled) while its thread goes on; until that thread returns, it
/// is taken off the announced capacity. So this is for trusted code; run candidates by a process
/// launcher.
///
/// The callable must own what it uses (a thread that is left behind may outlive the launcher).
/// `io` must outlive the launcher. `slots` below 1 counts as 1.
std::unique_ptr<Launcher> make_inprocess_launcher(boost::asio::io_context& io,
                                                  InProcessCallable callable, int slots);

/// The same for a function that does not look at the stop flag.
std::unique_ptr<Launcher> make_inprocess_launcher(
    boost::asio::io_context& io, std::function<JobResults(const JobSpec& spec)> callable,
    int slots);

/// For the registry: its options are the common ones, and its `make` explains that a callable is
/// needed, which configuration cannot hold.
Backend inprocess_backend();

}  // namespace genesis::launch
