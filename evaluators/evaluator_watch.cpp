#include "evaluators/evaluator_watch.h"

#include <algorithm>
#include <utility>

namespace genesis::evaluators {
namespace {

using std::chrono::steady_clock;

template <typename Seen>
bool is_as_seen(const Seen& seen) {
  const auto stamp = stamp_of(seen.path);
  return stamp && *stamp == seen.stamp;
}

}  // namespace

FileWatch::FileWatch(IdentitySources sources, EvaluatorManifest manifest)
    : sources_(std::move(sources)), manifest_(std::move(manifest)) {
  settle_time();
}

void FileWatch::settle_time() {
  young_ = std::any_of(manifest_.files.begin(), manifest_.files.end(),
                       [](const EvaluatorFile& file) { return file.young; });
  settled_at_ = steady_clock::now() + std::chrono::milliseconds(150);
}

bool FileWatch::untouched() {
  if (young_ && steady_clock::now() >= settled_at_) return false;
  return std::all_of(manifest_.files.begin(), manifest_.files.end(), is_as_seen<EvaluatorFile>) &&
         std::all_of(manifest_.folders.begin(), manifest_.folders.end(),
                     is_as_seen<EvaluatorFolder>);
}

EvaluatorComparison FileWatch::look_again() {
  auto now = look_at_evaluator(sources_, manifest_.files);
  if (!now) {
    EvaluatorComparison gone;
    gone.change = EvaluatorChange::changed;
    gone.what = now.error().message;
    return gone;
  }
  EvaluatorComparison seen = compare_evaluators(manifest_, *now);
  if (seen.change != EvaluatorChange::changed) {
    manifest_ = std::move(*now);
    settle_time();
  }
  return seen;
}

}  // namespace genesis::evaluators
