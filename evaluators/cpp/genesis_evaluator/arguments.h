#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::evaluator {

/// A wrong command line; the message names what is wrong and what is accepted.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Not the candidate's fault (no compiler, a full disk): nothing is written and the status is 1,
/// so that Genesis counts a job that failed, never a score.
struct CannotEvaluate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A flag of an evaluator's own: `--name value` or `--name=value`, as `job_config.extra_cmd_args`
/// passes it. Without a value (the next word is another flag, or the last) it is "true".
struct Flag {
  std::string name;      ///< Without the dashes.
  std::string fallback;  ///< Where it is not given.
  std::string help;
};

/// The command line of an evaluator. Immutable; any thread.
class Arguments {
 public:
  /// `words` without the program's name. Throws UsageError: a flag that is not known, a value that
  /// is missing, --program_path or --results_dir not given.
  static Arguments parse(std::span<const std::string> words, const std::vector<Flag>& flags = {});

  const std::filesystem::path& program_path() const { return program_; }
  const std::filesystem::path& results_dir() const { return results_; }

  /// A flag's text. Throws std::logic_error for a flag that was not declared.
  const std::string& text(std::string_view flag) const;
  /// Throw UsageError where the text is something else (NaN and infinities included).
  double number(std::string_view flag) const;
  std::int64_t integer(std::string_view flag) const;
  bool enabled(std::string_view flag) const;  ///< true, yes, on, 1; false, no, off, 0 or empty.

  /// Which of the seeds that the search never saw is to be used, from 1; 0 in the search. From the
  /// environment, GENESIS_UNSEEN_SEED. Throws CannotEvaluate where that is no such number.
  static int unseen_seed();

  /// The candidate's source. Throws CannotEvaluate: Genesis wrote it, so the candidate is not at
  /// fault.
  std::string program() const;

 private:
  std::filesystem::path program_, results_;
  std::map<std::string, std::string, std::less<>> values_;
};

/// One line per flag, for --help.
std::string usage(std::string_view program, const std::vector<Flag>& flags);

}  // namespace genesis::evaluator
