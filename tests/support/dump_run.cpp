// Prints a run's canonical dump: dump_run RUN_FOLDER. For tests that compare runs.
#include <cstdio>

#include "genesis/run/evolution_run.h"
#include "genesis/store/run_store.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const auto file = genesis::value_or_throw(genesis::run::store_file_of(argv[1]));
    const auto reader = genesis::value_or_throw(genesis::store::StoreReader::open(file));
    std::fputs(genesis::value_or_throw(reader->canonical_dump()).c_str(), stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_run: %s\n", error.what());
    return 1;
  }
}
