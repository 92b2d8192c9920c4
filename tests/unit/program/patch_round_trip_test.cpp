// Random edits, written as models write them, come out as meant; and whatever an answer says, text
// outside the editable regions stays.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "genesis/base/rng.h"
#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"
#include "genesis/program/patch.h"

namespace genesis {
namespace {

const Language& python() {
  return *find_language("python");
}

using Lines = std::vector<std::string>;

/// Lines of which none is like another: a number first, then words that depend on it.
Lines random_content(RandomStream& random, std::uint64_t& serial, std::uint64_t least) {
  static const char* const kWords[] = {"radius", "center", "angle",  "weight", "total",
                                       "offset", "energy", "matrix", "vector", "scale"};
  Lines lines;
  for (std::uint64_t i = least + random.below(12); i > 0; --i) {
    const std::uint64_t n = ++serial * 7919;
    std::string line(4 * random.below(3), ' ');
    line += kWords[n % 10] + std::string("_") + std::to_string(n % 9973) + " = " +
            kWords[n / 10 % 10] + "(" + std::to_string(n * n % 99991) + ", " +
            kWords[n / 100 % 10] + ")";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

struct Piece {
  bool editable;
  Lines lines;
};

std::string text_of(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    if (piece.editable) text += "# EVOLVE-BLOCK-START\n";
    text += joined(piece.lines);
    if (piece.editable) text += "# EVOLVE-BLOCK-END\n";
  }
  return text;
}

std::vector<Piece> random_pieces(RandomStream& random, std::uint64_t& serial) {
  std::vector<Piece> pieces;
  for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
    pieces.push_back({false, random_content(random, serial, 8)});
    pieces.push_back({true, random_content(random, serial, 6)});
  }
  pieces.push_back({false, random_content(random, serial, 8)});
  return pieces;
}

/// Changes, adds and removes lines of the editable pieces; never all of one.
void edit(std::vector<Piece>& pieces, RandomStream& random, std::uint64_t& serial) {
  for (Piece& piece : pieces) {
    if (!piece.editable) continue;
    for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
      const auto at = static_cast<std::ptrdiff_t>(random.below(piece.lines.size()));
      Lines fresh = random_content(random, serial, 1);
      const std::uint64_t what = random.below(3);
      if (what == 0) piece.lines[static_cast<std::size_t>(at)] = fresh.front();
      if (what == 1) piece.lines.insert(piece.lines.begin() + at, fresh.begin(), fresh.end());
      if (what == 2 && piece.lines.size() > 4) piece.lines.erase(piece.lines.begin() + at);
    }
  }
}

TEST(PatchRoundTripTest, DiffsOfRandomEditsGiveTheEditedProgram) {
  RandomStream random(21, "round trip", 1);
  std::uint64_t serial = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<SourceFile> before, after;
    for (const char* const path : {"main.py", "lib/b.py", "lib/c.py"}) {
      std::vector<Piece> pieces = random_pieces(random, serial);
      before.push_back({path, text_of(pieces)});
      if (random.chance(0.7)) edit(pieces, random, serial);
      after.push_back({path, text_of(pieces)});
    }
    const Program parent = *Program::create(std::move(before), "main.py");
    const Program meant = *Program::create(std::move(after), "main.py");
    const std::string answer =
        "Here:\n```diff\n" + diff_programs(parent, meant, 1 + random.below(3)).text + "```\n";
    if (parent == meant) continue;
    const auto result = apply_patch(PatchKind::diff, parent, answer, python());
    ASSERT_TRUE(result) << result.error().message << "\n" << answer;
    ASSERT_EQ(result->child, meant) << answer;
    for (const HunkReport& hunk : result->hunks) ASSERT_EQ(hunk.step, HunkStep::exact);
  }
}

/// Exchanges or drops some letters; not at the ends, where what is left would be a part of the line
/// and so an exact match.
std::string misquoted(std::string line, RandomStream& random) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size()) + 1;
  for (std::uint64_t i = 1 + random.below(2); i > 0 && line.size() > begin + 2; --i) {
    const std::size_t at = begin + random.below(line.size() - begin - 2);
    if (line[at] == ' ') continue;
    if (random.chance(0.5)) {
      line[at] = static_cast<char>('a' + random.below(26));
    } else {
      line.erase(at, 1);
    }
  }
  return line;
}

TEST(PatchRoundTripTest, MisquotedLinesAreFoundAndOnlyTheMeantLineChanges) {
  RandomStream random(22, "misquoted", 1);
  std::uint64_t serial = 0;
  int fuzzy = 0, refused = 0;
  for (int round = 0; round < 1500; ++round) {
    std::vector<Piece> pieces = random_pieces(random, serial);
    const Program parent("main.py", text_of(pieces));
    Piece& piece = pieces[1];
    const std::size_t count = 2 + random.below(4);
    const std::size_t first = random.below(piece.lines.size() - count + 1);
    Lines search(piece.lines.begin() + static_cast<std::ptrdiff_t>(first),
                 piece.lines.begin() + static_cast<std::ptrdiff_t>(first + count));
    for (std::string& line : search) {
      if (random.chance(0.6)) line = misquoted(line, random);
    }
    Lines replace = search;
    const std::size_t changed = random.below(count);
    const std::string line = piece.lines[first + changed];
    const std::string fresh =
        line.substr(0, line.find_first_not_of(' ')) + "fresh_" + std::to_string(round) + " = 0";
    replace[changed] = fresh;
    const auto result = apply_patch(
        PatchKind::diff, parent,
        "<<<<<<< SEARCH\n" + joined(search) + "=======\n" + joined(replace) + ">>>>>>> REPLACE\n",
        python());
    if (!result) {
      ++refused;
      continue;
    }
    fuzzy += result->hunks.front().step == HunkStep::fuzzy;
    piece.lines[first + changed] = fresh;
    ASSERT_EQ(result->child.text(), text_of(pieces)) << joined(search) << "-----\n"
                                                     << joined(replace);
  }
  EXPECT_GT(fuzzy, 1000);
  EXPECT_LT(refused, 75);
}

std::string immutable_text(const std::string& text, const Language& language) {
  std::string outside;
  std::size_t from = 0;
  const auto blocks = find_blocks(text, language).value();
  for (const Block& found : blocks) {
    outside += text.substr(from, found.begin - from);
    from = found.end;
  }
  return outside + text.substr(from);
}

std::string random_answer(RandomStream& random, const Lines& known) {
  static const char* const kLines[] = {"main.py",
                                       "lib/b.py",
                                       "b.py",
                                       "### `lib/new.py`",
                                       "New file: other.py",
                                       "Delete file: lib/b.py",
                                       "Delete file: lib/c.py",
                                       "--- a/main.py",
                                       "+++ b/main.py",
                                       "--- /dev/null",
                                       "+++ b/lib/d.py",
                                       "@@ -1 +1 @@",
                                       "```python",
                                       "```python lib/c.py",
                                       "```",
                                       "<<<<<<< SEARCH",
                                       "=======",
                                       ">>>>>>> REPLACE",
                                       "# EVOLVE-BLOCK-START",
                                       "# EVOLVE-BLOCK-END",
                                       "+x = 1",
                                       "",
                                       "prose"};
  std::string answer;
  const auto some_line = [&](const char* lead) {
    std::string line = known[random.below(known.size())];
    if (random.chance(0.4) && !line.empty()) line = misquoted(line, random);
    answer += lead + line + "\n";
  };
  for (std::uint64_t i = 1 + random.below(8); i > 0; --i) {
    const std::uint64_t what = random.below(4);
    if (what == 0) {
      answer += kLines[random.below(std::size(kLines))] + std::string("\n");
    } else if (what == 1) {
      answer += "<<<<<<< SEARCH\n";
      for (std::uint64_t j = random.below(3); j > 0; --j) some_line("");
      answer += "=======\n";
      for (std::uint64_t j = random.below(3); j > 0; --j) some_line("");
      answer += ">>>>>>> REPLACE\n";
    } else if (what == 2) {
      some_line(random.chance(0.5) ? "-" : " ");
    } else {
      answer += random.chance(0.5) ? "```python lib/b.py\n" : "```python lib/new.py\n";
      for (std::uint64_t j = random.below(4); j > 0; --j) some_line("");
      answer += "```\n";
    }
  }
  return answer;
}

TEST(PatchRoundTripTest, RandomAnswersToSeveralFilesKeepEveryPromise) {
  RandomStream random(23, "files", 1);
  std::uint64_t serial = 0;
  int applied = 0, created = 0, deleted = 0;
  for (int round = 0; round < 8000; ++round) {
    Lines known;
    std::vector<SourceFile> files;
    for (const char* const path : {"main.py", "lib/b.py", "lib/c.py"}) {
      std::vector<Piece> pieces{{false, random_content(random, serial, 1)},
                                {true, random_content(random, serial, 1)}};
      if (std::string_view(path) == "lib/b.py") pieces.erase(pieces.begin());
      for (const Piece& piece : pieces) {
        known.insert(known.end(), piece.lines.begin(), piece.lines.end());
      }
      files.push_back({path, text_of(pieces)});
    }
    const Program parent = *Program::create(std::move(files), "main.py");
    const std::string answer = random_answer(random, known);
    const PatchKind kind = static_cast<PatchKind>(random.below(4));
    const auto result = apply_patch(kind, parent, answer, python());
    if (!result) {
      ASSERT_FALSE(result.error().message.empty());
      ASSERT_TRUE(is_valid_utf8(result.error().message));
      continue;
    }
    ++applied;
    ASSERT_EQ(result->unified_diff.empty(), result->child == parent) << answer;
    ASSERT_EQ(result->child.primary().path, "main.py");
    ASSERT_GE(result->child.files().size(), 2u);
    std::set<std::string> left;
    for (const SourceFile& file : result->child.files()) {
      left.insert(file.path);
      const auto before =
          std::find_if(parent.files().begin(), parent.files().end(),
                       [&](const SourceFile& old) { return old.path == file.path; });
      if (before == parent.files().end()) {
        ++created;
        ASSERT_TRUE(has_markers(file.text, python())) << answer;
        continue;
      }
      ASSERT_EQ(immutable_text(file.text, python()), immutable_text(before->text, python()))
          << answer;
    }
    for (const SourceFile& file : parent.files()) {
      if (left.contains(file.path)) continue;
      ++deleted;
      ASSERT_EQ(file.path, "lib/b.py") << answer;  // the only one that may go
    }
  }
  EXPECT_GT(applied, 1500);
  EXPECT_GT(created, 100);
  EXPECT_GT(deleted, 100);
}

}  // namespace
}  // namespace genesis
