#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace genesis::evaluator {

/// What a candidate did wrong. Out of `run`'s evaluator it makes the program incorrect.
struct BadCandidate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ChildLimits {
  std::chrono::milliseconds time{10'000};        ///< Wall clock.
  std::size_t answer_bytes = 16u << 20;          ///< Larger answers are refused.
  std::optional<std::uint64_t> address_space{};  ///< Bytes.
  /// Bytes of a file. 0 also ends a candidate that prints, where the log is a file.
  std::optional<std::uint64_t> file_size{};
};

/// Runs `work`, which calls the candidate, in a forked process and returns its answer: bytes that
/// the candidate can have made up, to be judged as such. In this process the candidate could write
/// its own score; from there it cannot open this process's memory or descriptors, and all that it
/// started, in sessions of their own too, is ended before this returns.
///
/// Throws BadCandidate: out of time, ended early (with the status or signal), an answer that is too
/// large, or an exception of `work` with its message. CannotEvaluate where no process can be made
/// or not everything ended. Call it while this process has one thread, as fork needs it.
std::string call_in_child(const std::function<std::string()>& work, const ChildLimits& limits = {});

}  // namespace genesis::evaluator
