#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/error.h"

/// Programs of earlier runs, this system's or another's, to start a new run from. Reads only; what
/// is read was written by others and is believed in nothing.
namespace genesis::warm_start {

/// What a source tells of a program without its text.
struct Listing {
  std::int64_t handle = 0;  ///< The source's own: row, file or generation.
  std::string id;
  std::string parent_id;  ///< Empty: none, or not known.
  std::int64_t generation = 0;
  std::string language;  ///< As written there; empty: not said.
  std::optional<int> island;
  std::optional<double> score;  ///< Finite, or none.
  bool correct = false;
};

/// The rest of it.
struct ProgramText {
  std::string code;
  std::string public_json = "{}";  ///< Compact JSON objects.
  std::string private_json = "{}";
  std::string text_feedback;
};

/// Counts by reason: {"incorrect there": 12, …}.
using Skipped = std::map<std::string, std::int64_t>;

/// Programs of one earlier run. One thread.
class ProgramSource {
 public:
  virtual ~ProgramSource() = default;
  virtual std::string system() const = 0;  ///< "ShinkaEvolve", "OpenEvolve", "Genesis".
  /// All programs, in a fixed order; what cannot be one is counted in `skipped`. Errors (kind
  /// `parse`) when the whole is not what it should be.
  virtual Result<std::vector<Listing>> list(Skipped& skipped) = 0;
  /// Errors: `invalid_argument` when this one program cannot be used (the message is the reason to
  /// count it under), others when the source itself fails.
  virtual Result<ProgramText> read(const Listing& listing) = 0;
};

/// What is longer is no program that an evolution could have made.
inline constexpr std::size_t kMaxCodeBytes = 1u << 20;
/// Of metrics and feedback, each.
inline constexpr std::size_t kMaxNoteBytes = 256u << 10;
/// Programs that are looked at.
inline constexpr std::int64_t kMaxPrograms = 1'000'000;

/// Finds out what `path` is: ShinkaEvolve's results folder or its programs.sqlite, OpenEvolve's
/// output folder, its checkpoints or one of them, a run of Genesis. Errors say what was looked for.
Result<std::unique_ptr<ProgramSource>> open_source(const std::filesystem::path& path);

/// A JSON object as compact JSON (Python's NaN and infinities as null), or nothing when the text is
/// no object or longer than kMaxNoteBytes.
std::optional<std::string> compact_object(std::string_view text);

}  // namespace genesis::warm_start
