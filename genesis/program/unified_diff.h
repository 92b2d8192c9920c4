#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/program/program.h"

namespace genesis {

/// Lines changed in one file. In each run of changed lines, min(added, removed) lines count as
/// modified and the rest as added or deleted. Context does not matter.
struct FileDiffSummary {
  std::string path;
  std::size_t added = 0;
  std::size_t deleted = 0;
  std::size_t modified = 0;
  bool operator==(const FileDiffSummary&) const = default;
};

/// The sums over all files, and the files that differ, by path.
struct DiffSummary {
  std::size_t added = 0;
  std::size_t deleted = 0;
  std::size_t modified = 0;
  std::vector<FileDiffSummary> files;
  bool operator==(const DiffSummary&) const = default;
};

struct Difference {
  std::string text;  ///< Unified diff, as `patch -p1` takes it; empty when nothing differs.
  DiffSummary summary;
};

/// `gen_<n>/edit.diff` shows the whole file.
inline constexpr std::size_t kWholeFileContext = 9999;

/// From one program to another, all files. Time and memory stay linear in the size of the texts.
Difference diff_programs(const Program& before, const Program& after, std::size_t context = 3);

/// The same for two texts of one file.
Difference diff_texts(std::string_view path, std::string_view before, std::string_view after,
                      std::size_t context = 3);

}  // namespace genesis
