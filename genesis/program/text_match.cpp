#include "genesis/program/text_match.h"

#include <cstring>

#include <algorithm>
#include <cstdint>

#include "genesis/base/hash.h"
#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

constexpr std::string_view kBlank = " \t\r\n\f\v";

std::string_view right_trimmed(std::string_view line) {
  const auto last = line.find_last_not_of(kBlank);
  return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

std::string_view indent_of(std::string_view line) {
  const auto at = line.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view() : line.substr(0, at);
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(kBlank) == std::string_view::npos;
}

/// memmem of glibc is the two-way algorithm: linear for any input, unlike string::find.
std::size_t find_bytes(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* const hit = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (hit == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

/// Whether nothing but white space separates the stretch from its lines' starts and ends.
bool covers_lines(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
  if (begin > 0 && text[begin - 1] != '\n') return false;
  if (end > 0 && text[end - 1] == '\n') return true;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r')) ++end;
  return end == text.size() || text[end] == '\n';
}

using Accept = std::function<bool(const TextMatch&)>;

std::optional<TextMatch> find_exact(std::string_view text, std::string_view search,
                                    const Accept& accept) {
  std::optional<TextMatch> part_of_line;
  std::size_t from = 0;
  for (;;) {
    const std::size_t hit = find_bytes(text, search, from);
    if (hit == std::string_view::npos) return part_of_line;
    TextMatch match{hit, hit + search.size(), MatchKind::exact, false, {}};
    match.whole_lines = covers_lines(text, match.begin, match.end);
    if ((match.whole_lines || !part_of_line) && accept(match)) {
      if (match.whole_lines) return match;
      part_of_line = match;
    }
    // Past the whole match, not one byte on: overlapping matches would cost quadratic time.
    from = match.end;
  }
}

/// Lines of one text, each with a hash of what is compared.
struct HashedLines {
  std::vector<std::string_view> lines;
  std::vector<std::string_view> compared;
  std::vector<std::uint64_t> hashes;

  HashedLines(std::vector<std::string_view> all, bool strip_left) : lines(std::move(all)) {
    for (const std::string_view line : lines) {
      std::string_view part = right_trimmed(line);
      if (strip_left) part.remove_prefix(indent_of(part).size());
      compared.push_back(part);
      hashes.push_back(hash64(part));
    }
  }
};

bool same_line(const HashedLines& a, std::size_t i, const HashedLines& b, std::size_t j) {
  return a.hashes[i] == b.hashes[j] && a.compared[i] == b.compared[j];
}

/// Calls visit(first line) for each window of `text` equal to `part`, until it returns true.
/// Knuth, Morris and Pratt, "Fast pattern matching in strings", 1977, on lines.
template <typename Visit>
bool for_each_window(const HashedLines& text, const HashedLines& part, Visit visit) {
  const std::size_t m = part.lines.size();
  std::vector<std::size_t> border(m, 0);
  for (std::size_t i = 1, k = 0; i < m; ++i) {
    while (k > 0 && !same_line(part, i, part, k)) k = border[k - 1];
    if (same_line(part, i, part, k)) ++k;
    border[i] = k;
  }
  std::size_t k = 0;
  for (std::size_t i = 0; i < text.lines.size(); ++i) {
    while (k > 0 && !same_line(text, i, part, k)) k = border[k - 1];
    if (same_line(text, i, part, k)) ++k;
    if (k < m) continue;
    if (visit(i + 1 - m)) return true;
    k = border[k - 1];
  }
  return false;
}

/// The map from the SEARCH lines' indentations to those of the window, or nothing when one
/// indentation stands for two or deeper ones become shallower.
std::optional<IndentMap> map_indents(const HashedLines& text, std::size_t first,
                                     const HashedLines& search) {
  IndentMap map;
  for (std::size_t j = 0; j < search.lines.size(); ++j) {
    if (search.compared[j].empty()) continue;
    const std::string_view from = indent_of(search.lines[j]);
    const std::string_view to = indent_of(text.lines[first + j]);
    const auto known =
        std::find_if(map.begin(), map.end(), [&](const auto& pair) { return pair.first == from; });
    if (known == map.end()) {
      map.emplace_back(from, to);
    } else if (known->second != to) {
      return std::nullopt;
    }
    if (map.size() > 64) return std::nullopt;
  }
  std::sort(map.begin(), map.end(),
            [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  for (std::size_t i = 1; i < map.size(); ++i) {
    if (map[i].second.size() <= map[i - 1].second.size()) return std::nullopt;
  }
  return map;
}

std::optional<TextMatch> find_lines(std::string_view text, std::string_view search, MatchKind kind,
                                    const Accept& accept) {
  const bool any_indent = kind == MatchKind::indentation;
  const HashedLines in(lines_with_ends(text), any_indent);
  const HashedLines part(lines_with_ends(search), any_indent);
  if (part.lines.empty() || part.lines.size() > in.lines.size()) return std::nullopt;
  std::optional<TextMatch> found;
  // Windows can overlap, and each costs a pass over the SEARCH lines: give up after a fixed number
  // of passes over the program, so that the whole stays linear.
  std::size_t budget = 16 * (in.lines.size() + part.lines.size());
  for_each_window(in, part, [&](std::size_t first) {
    if (budget < part.lines.size()) return true;
    budget -= part.lines.size();
    const std::string_view last = in.lines[first + part.lines.size() - 1];
    TextMatch match;
    match.kind = kind;
    match.whole_lines = true;
    match.begin = static_cast<std::size_t>(in.lines[first].data() - text.data());
    match.end = static_cast<std::size_t>(last.data() - text.data()) + right_trimmed(last).size();
    if (any_indent) {
      auto map = map_indents(in, first, part);
      if (!map) return false;
      match.indents = std::move(*map);
    }
    if (!accept(match)) return false;
    found = std::move(match);
    return true;
  });
  return found;
}

}  // namespace

std::optional<TextMatch> find_text(std::string_view text, std::string_view search,
                                   const Accept& accept) {
  if (is_blank(search)) return std::nullopt;
  if (auto match = find_exact(text, search, accept)) return match;
  if (auto match = find_lines(text, search, MatchKind::whitespace, accept)) return match;
  return find_lines(text, search, MatchKind::indentation, accept);
}

namespace {

/// What is left of an indentation beyond a known one, in the program's own characters where the
/// known pair shows how many spaces make a tab.
std::string translate_rest(std::string_view rest,
                           const std::pair<std::string, std::string>& known) {
  const auto& [from, to] = known;
  const bool to_tabs = !to.empty() && to.find_first_not_of('\t') == std::string::npos;
  const bool from_spaces = !from.empty() && from.find_first_not_of(' ') == std::string::npos;
  if (!to_tabs || !from_spaces || from.size() % to.size() != 0 ||
      rest.find_first_not_of(' ') != std::string_view::npos) {
    return std::string(rest);
  }
  const std::size_t per_tab = from.size() / to.size();
  return std::string(rest.size() / per_tab, '\t') + std::string(rest.size() % per_tab, ' ');
}

std::string translate_indent(std::string_view indent, const IndentMap& indents) {
  const std::pair<std::string, std::string>* nearest = nullptr;
  for (const auto& pair : indents) {
    if (indent.starts_with(pair.first)) nearest = &pair;
  }
  if (nearest != nullptr) {
    return nearest->second + translate_rest(indent.substr(nearest->first.size()), *nearest);
  }
  // Shallower than all of SEARCH: as much shallower than the program's least indentation.
  const auto& [from, to] = indents.front();
  if (!std::string_view(from).starts_with(indent)) return std::string(indent);
  const std::size_t removed = from.size() - indent.size();
  return to.substr(0, to.size() - std::min(to.size(), removed));
}

}  // namespace

std::string reindent(std::string_view replace, const IndentMap& indents) {
  if (indents.empty()) return std::string(replace);
  std::string out;
  for (const std::string_view line : lines_with_ends(replace)) {
    if (is_blank(line)) {
      out += line;
      continue;
    }
    const std::string_view indent = indent_of(line);
    out += translate_indent(indent, indents);
    out += line.substr(indent.size());
  }
  return out;
}

}  // namespace genesis
