// A runner that a test may kill: opens a local launcher and runs one shell job until it is told to
// go or is killed.
//   local_launcher_host RUN_DIR SCRIPT
// Prints the job's reference, then the description of its end.

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <string>

#include "launch/local/local_launcher.h"

namespace {

using namespace genesis::launch;

int run(const std::string& run_dir, const std::string& script) {
  boost::asio::io_context io;
  LauncherContext context;
  context.io = &io;
  context.run_id = "run-of-" + run_dir;
  context.run_dir = run_dir;
  auto launcher = make_local_launcher({}, context);
  if (!launcher) return 2;
  bool ended = false;
  const auto opened = (*launcher)->open([&](Event event) {
    if (const auto* accepted = std::get_if<Accepted>(&event)) {
      std::printf("%s\n", accepted->ref.text.c_str());
      std::fflush(stdout);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      std::printf("%s\n", describe(finished->outcome).c_str());
      std::fflush(stdout);
      ended = true;
    }
  });
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 2;
  }
  JobSpec spec;
  spec.token = "the-job";
  spec.argv = {"sh", "-c", script};
  spec.work_dir = run_dir + "/job";
  (*launcher)->submit(spec);
  while (!ended) io.run_one();
  bool closed = false;
  (*launcher)->close(std::chrono::seconds{1}, [&] { closed = true; });
  while (!closed) {
    io.restart();
    io.run_one();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return argc == 3 ? run(argv[1], argv[2]) : 2;
}
