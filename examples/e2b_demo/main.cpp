// Evaluations in sandboxes, four ways: see README.md.
#include <genesis/base/home.h>
#include <genesis/genesis.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "parts.h"

namespace {

using e2b_demo::Settings;

struct Part {
  const char* name;
  const char* title;
  int (*run)(const Settings&);
};
constexpr Part kParts[] = {
    {"direct", "One program, one sandbox", e2b_demo::direct},
    {"scheduler", "Six jobs, several at a time, without an evolution", e2b_demo::scheduler},
    {"configuration", "How it is configured", e2b_demo::configuration},
    {"evolution", "A whole evolution", e2b_demo::evolution},
};

int usage(std::FILE* to, int code) {
  std::fputs(
      "e2b_demo [PART...] [--generations N] [--jobs N] [--results DIR]\n"
      "Evaluations in sandboxes: of E2B with E2B_API_KEY set, of this machine without.\n\n",
      to);
  for (const Part& part : kParts) std::fprintf(to, "  %-14s %s\n", part.name, part.title);
  std::fputs("\nWithout a part: all of them.\n", to);
  return code;
}

int run(const std::vector<const Part*>& parts, const Settings& settings) {
  int failed = 0;
  for (const Part* part : parts) {
    std::printf("%s== %s: %s\n\n", part == parts.front() ? "" : "\n", part->name, part->title);
    std::fflush(stdout);
    if (part->run(settings) == 0) continue;
    ++failed;
    std::printf("  %s did not end well\n", part->name);
  }
  std::printf("\n%zu of %zu parts ended well\n", parts.size() - failed, parts.size());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  settings.task = genesis::find_data_file("examples/e2b_demo");
  settings.results = "results/e2b_demo";
  std::vector<const Part*> parts;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") return usage(stdout, 0);
    const bool last = i + 1 == argc;
    if (word == "--generations" && !last) {
      settings.generations = std::atoi(argv[++i]);
    } else if (word == "--jobs" && !last) {
      settings.at_a_time = std::atoi(argv[++i]);
    } else if (word == "--results" && !last) {
      settings.results = argv[++i];
    } else {
      const Part* found = nullptr;
      for (const Part& part : kParts) {
        if (word == part.name) found = &part;
      }
      if (found == nullptr) {
        std::fprintf(stderr, "e2b_demo: '%s' is no part of it\n\n", argv[i]);
        return usage(stderr, 2);
      }
      parts.push_back(found);
    }
  }
  if (parts.empty()) {
    for (const Part& part : kParts) parts.push_back(&part);
  }
  try {
    return run(parts, settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "e2b_demo: %s\n", error.what());
    return 2;
  }
}
