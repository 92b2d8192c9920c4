#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "genesis/program/program.h"
#include "genesis/store/records.h"

namespace genesis::evolve {

/// A program whose record is committed, for what people find on disk.
struct PublishOrder {
  store::ProgramRecord record;
  std::shared_ptr<const Program> program;
  std::shared_ptr<const Program> parent;  ///< Null for the seed.
  std::filesystem::path work_dir;  ///< The attempt's folder, given away; empty for in-process.
};

/// Turns recorded programs into files. Called on the I/O thread, works elsewhere.
class ResultsSink {
 public:
  virtual ~ResultsSink() = default;
  virtual void publish(PublishOrder order) = 0;
  /// The attempt's folder is of no use any more (a failed attempt): removed.
  virtual void discard(std::filesystem::path work_dir) = 0;
  /// Orders not yet done; the runner slows down when there are many.
  virtual std::size_t pending() const = 0;
  /// Calls `done` on the I/O thread once nothing is pending.
  virtual void when_idle(std::function<void()> done) = 0;
};

}  // namespace genesis::evolve
