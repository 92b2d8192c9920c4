#include "fuzzy_quality.h"

#include <algorithm>
#include <filesystem>

#include "genesis/base/files.h"
#include "genesis/base/rng.h"
#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/patch.h"

namespace {

using genesis::RandomStream;
using Lines = std::vector<std::string>;

constexpr int kCases = 2000;

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// Sources of more than 60 lines without markers, by path.
std::vector<Lines> load_sources(const std::string& folder) {
  std::vector<std::string> paths;
  for (const char* const part : {"genesis", "launch", "evaluators", "tests/system"}) {
    const auto root = std::filesystem::path(folder) / part;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const auto extension = entry.path().extension();
      if (extension == ".cpp" || extension == ".py") paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Lines> sources;
  for (const std::string& path : paths) {
    const auto text = genesis::read_file(path);
    if (!text || text->find("EVOLVE-BLOCK") != std::string::npos) continue;
    const auto lines = genesis::split_lines(*text);
    if (lines.size() > 60) sources.emplace_back(lines.begin(), lines.end());
  }
  return sources;
}

void misquote(std::string& line, RandomStream& random) {
  const auto size = genesis::trim(line).size();
  if (size < 4) return;
  const std::size_t at = line.find_first_not_of(" \t") + 1 + random.below(size - 2);
  const double how = random.uniform();
  if (how < 0.35) {
    line.erase(at, 1);
  } else if (how < 0.5) {
    line.insert(at, "_x");
  } else if (how < 0.6) {
    line += "  // a remark";
  } else if (how < 0.7) {
    for (char& c : line) {
      if (c >= '0' && c <= '9') c = static_cast<char>('0' + (c - '0' + 3) % 10);
    }
  }
}

/// Where a fuzzy match put it, as a line index of the text; -1: refused, -2: another step found it.
std::ptrdiff_t place_of(const std::string& text, const std::string& search) {
  const genesis::Language& python = *genesis::find_language("python");
  const genesis::Program program("main.py", genesis::wrap_in_block(text, python));
  const auto result =
      genesis::apply_patch(genesis::PatchKind::diff, program,
                           "<<<<<<< SEARCH\n" + search + "=======\nx\n>>>>>>> REPLACE\n", python);
  if (!result) return -1;
  const genesis::HunkReport& hunk = result->hunks.front();
  if (hunk.step != genesis::HunkStep::fuzzy) return -2;
  return static_cast<std::ptrdiff_t>(hunk.first_line) - 2;
}

FuzzyQuality measure(const std::vector<Lines>& sources, std::size_t size) {
  RandomStream random(1, "fuzzy quality", size);
  int misquoted = 0, found = 0, elsewhere = 0, absent = 0, taken = 0;
  for (int i = 0; i < kCases; ++i) {
    const Lines& source = sources[random.below(sources.size())];
    const auto first = static_cast<std::ptrdiff_t>(random.below(source.size() - size));
    const auto end = first + static_cast<std::ptrdiff_t>(size);
    const Lines original(source.begin() + first, source.begin() + end);
    Lines search = original;
    for (std::string& line : search) misquote(line, random);
    if (size > 2 && random.chance(0.3)) search.erase(search.begin() + 1);
    if (const std::ptrdiff_t at = place_of(joined(source), joined(search)); at != -2) {
      ++misquoted;
      found += at >= first && at < end;
      elsewhere += at >= 0 && !(at >= first && at < end);
    }
    Lines without = source;
    without.erase(without.begin() + first, without.begin() + end);
    if (const std::ptrdiff_t at = place_of(joined(without), joined(original)); at != -2) {
      ++absent;
      taken += at >= 0;
    }
  }
  const auto percent = [](int part, int all) { return 100.0 * part / std::max(1, all); };
  return {size, percent(found, misquoted), percent(elsewhere, misquoted), percent(taken, absent)};
}

}  // namespace

std::vector<FuzzyQuality> measure_fuzzy_quality(const std::string& folder) {
  const std::vector<Lines> sources = load_sources(folder);
  std::vector<FuzzyQuality> rows;
  for (const std::size_t size : {1, 2, 4, 8}) rows.push_back(measure(sources, size));
  return rows;
}
