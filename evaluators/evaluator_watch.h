#pragma once

#include <chrono>

#include "evaluators/evaluator_identity.h"

namespace genesis::evaluators {

/// Whether the evaluator is still the one that the run began with. The runner asks after the end of
/// each evaluation and before its record.
class EvaluatorWatch {
 public:
  virtual ~EvaluatorWatch() = default;
  /// Looks at stamps only: microseconds. False when it takes a second look to know. I/O thread.
  virtual bool untouched() = 0;
  /// The second look, at contents; may read much. Any thread, not beside another call.
  virtual EvaluatorComparison look_again() = 0;
};

/// The watch over a manifest's files and folders.
class FileWatch final : public EvaluatorWatch {
 public:
  FileWatch(IdentitySources sources, EvaluatorManifest manifest);
  bool untouched() override;
  EvaluatorComparison look_again() override;

 private:
  void settle_time();

  IdentitySources sources_;
  EvaluatorManifest manifest_;
  bool young_ = false;  ///< Some files were written just before they were hashed.
  std::chrono::steady_clock::time_point settled_at_;
};

}  // namespace genesis::evaluators
