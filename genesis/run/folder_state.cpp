#include "genesis/run/folder_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "genesis/store/epochs.h"
#include "genesis/store/run_store.h"
#include "genesis/ui/status.h"

namespace genesis::run {

using nlohmann::json;

Status forget_failed_seed(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  bool failed = false;
  {
    auto reader = store::StoreReader::open(file);
    if (!reader) return {};  // opening for writing will say what is wrong
    const auto status = (*reader)->state("status");
    const json parsed = json::parse(status.value_or("{}"), nullptr, false);
    failed = parsed.is_object() && parsed.value("reason", "") == to_string(StopReason::seed_failed);
    // The programs of earlier epochs are worth more than a tidy start.
    if (store::first_generation_of((*reader)->state(store::kEpochsKey)) > 0) return {};
  }
  if (!failed) return {};
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".snapshot"}) {
    fs::path gone = file;
    gone += suffix;
    fs::remove(gone, ignored);
  }
  std::vector<fs::path> folders{file.parent_path() / "evaluations", file.parent_path() / "best"};
  for (fs::directory_iterator it(file.parent_path(), ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    if (it->path().filename().string().starts_with("gen_")) folders.push_back(it->path());
  }
  for (const fs::path& folder : folders) fs::remove_all(folder, ignored);
  return {};
}

}  // namespace genesis::run
