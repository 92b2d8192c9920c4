#pragma once

#include <memory>

#include "launch/fake/fake_options.h"
#include "launch/fake/scheduler.h"
#include "launch/launcher.h"
#include "launch/registry.h"

namespace genesis::launch {

/// A launcher that runs nothing: jobs go as a script says (FakeOptions): refs that grow, delays,
/// losses, refusals, changing capacity. Jobs that exit with 0 get results computed from the program
/// text by toy_score(), so that a whole evolution runs on it: for rehearsals, for tests of
/// everything above a launcher, and for measuring what that costs. The same seed gives the same
/// fates.
///
/// The program is the input that the argument after --program_path names ("{work}/" in front is
/// dropped), else the file of that name on this machine, else the first input.
///
/// I/O thread. `context.io` must outlive it; `scheduler` null means real time.
std::unique_ptr<Launcher> make_fake_launcher(const LauncherContext& context, FakeOptions options,
                                             std::unique_ptr<Scheduler> scheduler = nullptr);

Backend fake_backend();

}  // namespace genesis::launch
