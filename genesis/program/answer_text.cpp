#include "genesis/program/answer_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/text.h"
#include "genesis/program/edit_blocks.h"

namespace genesis {

namespace {

/// Steps through a text line by line, with offsets.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) : text_(text) {}

  bool next() {
    if (next_ >= text_.size()) return false;
    begin_ = next_;
    const auto newline = text_.find('\n', begin_);
    next_ = newline == std::string_view::npos ? text_.size() : newline + 1;
    ++number_;
    return true;
  }
  std::string_view line() const { return text_.substr(begin_, next_ - begin_); }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return next_; }
  std::size_t number() const { return number_; }

 private:
  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t next_ = 0;
  std::size_t number_ = 0;
};

/// Whether the line is seven times `sign`, then `word`, with white space anywhere around them.
bool is_row(std::string_view line, char sign, std::string_view word) {
  line = trim(line);
  if (line.size() < 7 || line.substr(0, 7) != std::string(7, sign)) return false;
  return trim(line.substr(7)) == word;
}

bool is_search_row(std::string_view line) {
  return is_row(line, '<', "SEARCH");
}
bool is_middle_row(std::string_view line) {
  return is_row(line, '=', "");
}
bool is_replace_row(std::string_view line) {
  return is_row(line, '>', "REPLACE");
}

std::string_view without_last_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> answer_error(std::string message) {
  return make_error(ErrorKind::parse, std::move(message));
}

tl::unexpected<Error> broken_block(std::size_t index, std::size_t line, std::string_view what) {
  return answer_error(
      fmt::format("SEARCH/REPLACE block {} (line {} of the answer) {}. Each block must be:\n"
                  "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n"
                  ">>>>>>> REPLACE",
                  index, line, what));
}

enum class Part { outside, search, replace };

/// Reads blocks in one stretch of the answer; `first_line` is the number of its first line.
Result<std::vector<EditBlock>> read_blocks(std::string_view text, std::size_t first_line) {
  std::vector<EditBlock> blocks;
  Part part = Part::outside;
  EditBlock block;
  std::size_t half_begin = 0;
  LineCursor cursor(text);
  while (cursor.next()) {
    const std::string_view line = cursor.line();
    const auto half = [&] {
      return without_last_newline(text.substr(half_begin, cursor.begin() - half_begin));
    };
    if (is_search_row(line)) {
      if (part != Part::outside) {
        return broken_block(blocks.size() + 1, block.line,
                            part == Part::search ? "has no ======= row before the next block"
                                                 : "has no >>>>>>> REPLACE row before the next "
                                                   "block");
      }
      part = Part::search;
      block = EditBlock{{}, {}, first_line + cursor.number() - 1};
      half_begin = cursor.end();
    } else if (part == Part::search && is_middle_row(line)) {
      block.search = half();
      part = Part::replace;
      half_begin = cursor.end();
    } else if (part == Part::search && is_replace_row(line)) {
      return broken_block(blocks.size() + 1, block.line, "has no ======= row");
    } else if (part == Part::replace && is_replace_row(line)) {
      block.replace = half();
      blocks.push_back(block);
      part = Part::outside;
    }
  }
  if (part != Part::outside) {
    return broken_block(blocks.size() + 1, block.line,
                        part == Part::search
                            ? "has no ======= row; perhaps the answer was cut off"
                            : "has no >>>>>>> REPLACE row; perhaps the answer was cut off");
  }
  return blocks;
}

/// The inside of <DIFF>…</DIFF>; without a closing tag, all that follows the opening one.
std::string_view diff_section(std::string_view answer) {
  const auto open = answer.find("<DIFF>");
  if (open == std::string_view::npos) return answer;
  const auto begin = open + 6;
  const auto close = answer.rfind("</DIFF>");
  if (close == std::string_view::npos || close < begin) return answer.substr(begin);
  return answer.substr(begin, close - begin);
}

}  // namespace

std::optional<std::string_view> tagged_text(std::string_view answer, std::string_view tag) {
  const std::string open = fmt::format("<{}>", tag);
  const auto begin = answer.find(open);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto inside = begin + open.size();
  const auto end = answer.find(fmt::format("</{}>", tag), inside);
  if (end == std::string_view::npos) return std::nullopt;
  return trim(answer.substr(inside, end - inside));
}

Result<std::vector<EditBlock>> find_edit_blocks(std::string_view answer) {
  const std::string_view section = diff_section(answer);
  const auto offset = static_cast<std::size_t>(section.data() - answer.data());
  GENESIS_TRY_ASSIGN(std::vector<EditBlock> blocks,
                     read_blocks(section, line_number(answer, offset)));
  if (blocks.empty() && section.size() != answer.size()) {
    GENESIS_TRY_ASSIGN(blocks, read_blocks(answer, 1));
  }
  if (blocks.empty()) {
    return answer_error(
        "the answer holds no SEARCH/REPLACE block. Write at least one, inside <DIFF> and </DIFF>:\n"
        "<<<<<<< SEARCH\n(lines copied from the program)\n=======\n(the new lines)\n"
        ">>>>>>> REPLACE");
  }
  if (blocks.size() > kMaxEditBlocks) {
    return answer_error(
        fmt::format("the answer holds {} SEARCH/REPLACE blocks, more than {}; "
                    "change less at a time or rewrite the whole program",
                    blocks.size(), kMaxEditBlocks));
  }
  return blocks;
}

namespace {

struct Fence {
  char sign = 0;
  std::size_t length = 0;
  std::string_view tag;  ///< First word of what follows the signs.
};

/// A row of three or more ` or ~ at the start of a line; nothing when it is not one.
std::optional<Fence> read_fence(std::string_view line) {
  line = trim(line);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return std::nullopt;
  const auto end = std::min(line.find_first_not_of(line[0]), line.size());
  if (end < 3) return std::nullopt;
  Fence fence{line[0], end, trim(line.substr(end))};
  // An inline ```code``` on one line opens nothing.
  if (fence.tag.find(fence.sign) != std::string_view::npos) return std::nullopt;
  fence.tag = fence.tag.substr(0, fence.tag.find_first_of(" \t,;:{"));
  return fence;
}

bool tag_names(std::string_view tag, const Language& language) {
  const Language* const tagged = tag.empty() ? nullptr : find_language(tag);
  return tagged != nullptr && tagged->name == language.name;
}

struct FencedBlock {
  std::string_view tag;
  std::string_view content;
  std::size_t line = 0;
  bool closed = false;
};

/// All fenced blocks in order; `nested` lets a tagged fence inside one open another.
std::vector<FencedBlock> read_fenced_blocks(std::string_view answer, bool nested) {
  std::vector<FencedBlock> blocks;
  Fence outer;
  std::size_t depth = 0;
  std::size_t content_begin = 0;
  LineCursor cursor(answer);
  while (cursor.next()) {
    const auto fence = read_fence(cursor.line());
    if (!fence) continue;
    if (depth == 0) {
      outer = *fence;
      blocks.push_back({fence->tag, {}, cursor.number(), false});
      content_begin = cursor.end();
      depth = 1;
      continue;
    }
    if (fence->sign != outer.sign || fence->length < outer.length) continue;
    if (!fence->tag.empty()) {
      if (nested) ++depth;
      continue;
    }
    if (--depth > 0) continue;
    blocks.back().content = answer.substr(content_begin, cursor.begin() - content_begin);
    blocks.back().closed = true;
  }
  return blocks;
}

tl::unexpected<Error> no_code(const std::vector<FencedBlock>& blocks, const Language& language) {
  std::string seen;
  for (std::size_t i = 0; i < std::min<std::size_t>(blocks.size(), 5); ++i) {
    const auto tag = blocks[i].tag.substr(0, 40);
    seen += fmt::format("{}{}", i == 0 ? "" : ", ", tag.empty() ? "(no tag)" : tag);
  }
  return answer_error(fmt::format(
      "the answer holds no code block in {}{}. Write the whole program between ```{} and ```",
      language.name, seen.empty() ? std::string() : fmt::format(" (fences seen: {})", seen),
      language.name));
}

}  // namespace

Result<std::string_view> find_fenced_code(std::string_view answer, const Language& language) {
  const auto blocks = read_fenced_blocks(answer, language.name == "markdown");
  auto chosen = std::find_if(blocks.begin(), blocks.end(), [&](const FencedBlock& block) {
    return tag_names(block.tag, language);
  });
  if (chosen == blocks.end()) {
    const auto untagged = [](const FencedBlock& block) { return block.tag.empty(); };
    if (std::count_if(blocks.begin(), blocks.end(), untagged) != 1)
      return no_code(blocks, language);
    chosen = std::find_if(blocks.begin(), blocks.end(), untagged);
  }
  if (!chosen->closed) {
    return answer_error(
        fmt::format("the code block that opens on line {} of the answer never "
                    "closes; perhaps the answer was cut off",
                    chosen->line));
  }
  return chosen->content;
}

}  // namespace genesis
