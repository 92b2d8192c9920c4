#include "genesis/program/answer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/answer_paths.h"
#include "genesis/program/line_cursor.h"

namespace genesis {

namespace {

tl::unexpected<Error> answer_error(std::string message) {
  return make_error(ErrorKind::parse, std::move(message));
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

namespace {

struct Fence {
  char sign = 0;
  std::size_t length = 0;
  std::string_view info;  ///< What follows the signs.
  std::string_view tag;   ///< Its first word.
};

/// A row of three or more ` or ~ at the start of a line; nothing when it is not one.
std::optional<Fence> read_fence(std::string_view line) {
  line = trim(line);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return std::nullopt;
  const auto end = std::min(line.find_first_not_of(line[0]), line.size());
  if (end < 3) return std::nullopt;
  Fence fence{line[0], end, trim(line.substr(end)), {}};
  // An inline ```code``` on one line opens nothing.
  if (fence.info.find(fence.sign) != std::string_view::npos) return std::nullopt;
  fence.tag = fence.info.substr(0, fence.info.find_first_of(" \t,;:{"));
  return fence;
}

bool tag_names(std::string_view tag, const Language& language) {
  const Language* tagged = tag.empty() ? nullptr : find_language(tag);
  // ```main.py names the language too.
  const auto dot = tag.rfind('.');
  if (tagged == nullptr && dot != std::string_view::npos) {
    tagged = language_of_extension(tag.substr(dot + 1));
  }
  return tagged != nullptr && tagged->name == language.name;
}

struct FencedBlock {
  std::string_view tag;
  std::string_view info;
  std::string_view before;  ///< The last line before it that is not blank.
  std::string_view content;
  std::size_t line = 0;
  bool closed = false;
  std::size_t last_line = SIZE_MAX;
};

/// All fenced blocks in order; `nested` lets a tagged fence inside one open another.
std::vector<FencedBlock> read_fenced_blocks(std::string_view answer, bool nested) {
  std::vector<FencedBlock> blocks;
  Fence outer;
  std::size_t depth = 0;
  std::size_t content_begin = 0;
  std::string_view before;
  LineCursor cursor(answer);
  while (cursor.next()) {
    const auto fence = read_fence(cursor.line());
    if (!fence) {
      if (!trim(cursor.line()).empty()) before = cursor.line();
      continue;
    }
    if (depth == 0) {
      outer = *fence;
      blocks.push_back({fence->tag, fence->info, before, {}, cursor.number()});
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
    blocks.back().last_line = cursor.number();
    before = {};
  }
  return blocks;
}

tl::unexpected<Error> never_closes(const FencedBlock& block) {
  return answer_error(fmt::format(
      "the code block that opens on line {} of the answer never closes; perhaps the answer was cut "
      "off",
      block.line));
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
  if (!chosen->closed) return never_closes(*chosen);
  return chosen->content;
}

Result<NamedFiles> find_named_code(std::string_view answer, const Language& language,
                                   const std::vector<std::string>& files) {
  NamedFiles found;
  std::vector<std::pair<std::size_t, std::size_t>> inside;  // lines of the blocks, fences included
  for (const FencedBlock& block : read_fenced_blocks(answer, language.name == "markdown")) {
    inside.emplace_back(block.line, block.last_line);
    std::string_view path = path_of_fence(block.info, files);
    if (path.empty()) {
      const auto line = read_path_line(block.before, files);
      if (line && !line->removes) path = line->path;
    }
    if (path.empty()) continue;
    if (!block.closed) return never_closes(block);
    found.codes.push_back({path, block.tag, block.content, block.line});
  }
  auto next = inside.begin();
  LineCursor cursor(answer);
  while (cursor.next()) {
    while (next != inside.end() && next->second < cursor.number()) ++next;
    if (next != inside.end() && next->first <= cursor.number()) continue;
    const auto line = read_path_line(cursor.line(), files);
    if (line && line->removes) found.removals.push_back({line->path, cursor.number()});
  }
  if (std::max(found.codes.size(), found.removals.size()) > kMaxEditBlocks) {
    return answer_error(
        fmt::format("the answer names more than {} files; change fewer at a time", kMaxEditBlocks));
  }
  return found;
}

}  // namespace genesis
