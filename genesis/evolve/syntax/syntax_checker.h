#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "genesis/base/error.h"
#include "genesis/program/language.h"
#include "genesis/program/program.h"

namespace genesis::evolve {

struct SyntaxError {
  std::string file;
  std::size_t line = 0;  ///< From 1; 0 when the reader does not tell.
  std::string message;

  /// "main.py:12: invalid syntax"
  std::string describe() const;
};

struct SyntaxCheckerOptions {
  std::string python = "python3";  ///< A path, or a name that PATH finds.
  std::string node = "node";       ///< When it is not found JavaScript is checked lexically.
  /// Per file. A reader that takes longer is ended and the file counts as wrong.
  std::chrono::milliseconds deadline{10'000};
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;  ///< Address space of the Python reader.
};

/// Tells whether programs can be read by their language, without running them and without a process
/// start per check: Python is compiled by one persistent interpreter, JavaScript by one persistent
/// node; other languages are checked in this process for unterminated strings and comments,
/// brackets without partner, and block ends. Data formats and unknown languages always pass.
///
/// The readers start at first need, are started again when they die, and end with this object or,
/// by end of file on their socket, with this process. Thread-safe; checks in the same language wait
/// for each other.
class SyntaxChecker {
 public:
  explicit SyntaxChecker(SyntaxCheckerOptions options = {});
  ~SyntaxChecker();
  SyntaxChecker(const SyntaxChecker&) = delete;
  SyntaxChecker& operator=(const SyntaxChecker&) = delete;

  /// The first error of the first file that has one; empty when all can be read. Files are read in
  /// the language of their extension, the primary file in `language`.
  /// Errors: `unavailable` when the Python interpreter cannot be started.
  Result<std::optional<SyntaxError>> check(const Program& program, const Language& language);
  /// Whether a check in this language waits for a reader in another process.
  static bool asks_a_process(const Language& language);

 private:
  class Readers;
  std::unique_ptr<Readers> readers_;
};

}  // namespace genesis::evolve
