#include "genesis/program/answer_paths.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/language.h"

namespace genesis {

namespace {

using Files = std::vector<std::string>;

bool is_file(std::string_view path, const Files& files) {
  return std::binary_search(files.begin(), files.end(), path, std::less<std::string_view>());
}

std::string_view stripped(std::string_view text, std::string_view leads, std::string_view tails) {
  const auto first = text.find_first_not_of(leads);
  if (first == std::string_view::npos) return {};
  const auto last = text.find_last_not_of(tails);
  return last == std::string_view::npos || last < first ? std::string_view()
                                                        : text.substr(first, last - first + 1);
}

std::string_view without_decoration(std::string_view text) {
  return stripped(text, "#*`\"' \t\r\n", "*`\"': \t\r\n");
}

std::string_view without_dot_slash(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  return path;
}

/// The extension of a name that could be a file's: letters first, no white space around.
std::string_view extension_of(std::string_view path) {
  const auto letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '/' ||
           c == '-' || c == '+' || c == '@' || (static_cast<unsigned char>(c) & 0x80) != 0;
  };
  if (path.size() > 1024 || !std::all_of(path.begin(), path.end(), letter)) return {};
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == path.size()) return {};
  const std::string_view extension = path.substr(dot + 1);
  const bool named = dot > 0 && path[dot - 1] != '/' && path[dot - 1] != '.';
  const bool wordy = std::isalpha(static_cast<unsigned char>(extension.front())) != 0 &&
                     extension.find('/') == std::string_view::npos;
  return named && wordy ? extension : std::string_view();
}

bool looks_like_source(std::string_view path, const Files& files) {
  return is_file(path, files) || language_of_extension(extension_of(path)) != nullptr;
}

struct Label {
  std::string_view text;
  bool removes;
};
constexpr std::array<Label, 12> kLabels = {{{"file:", false},
                                            {"filename:", false},
                                            {"file name:", false},
                                            {"path:", false},
                                            {"file path:", false},
                                            {"filepath:", false},
                                            {"new file:", false},
                                            {"add file:", false},
                                            {"create file:", false},
                                            {"update file:", false},
                                            {"delete file:", true},
                                            {"remove file:", true}}};

/// "src/a.py (updated)" → "src/a.py".
std::string_view without_remark(std::string_view text) {
  const auto space = text.find_first_of(" \t");
  if (space == std::string_view::npos) return text;
  return trim(text.substr(space)).starts_with('(') ? text.substr(0, space) : text;
}

}  // namespace

std::optional<PathLine> read_path_line(std::string_view line, const Files& files) {
  if (line.size() > 2048) return std::nullopt;
  std::string_view text = without_decoration(line);
  const auto label = std::find_if(kLabels.begin(), kLabels.end(), [&](const Label& known) {
    return starts_with_ignore_case(text, known.text);
  });
  PathLine found;
  if (label != kLabels.end()) {
    found.removes = label->removes;
    text = without_decoration(text.substr(label->text.size()));
    if (!is_file(text, files)) text = without_decoration(without_remark(text));
  }
  found.path = without_dot_slash(text);
  if (found.path.empty()) return std::nullopt;
  const bool behind_label = label != kLabels.end() && !extension_of(found.path).empty();
  if (!behind_label && !looks_like_source(found.path, files)) return std::nullopt;
  return found;
}

std::string_view path_of_fence(std::string_view info, const Files& files) {
  info = trim(info);
  bool first = true;
  while (!info.empty()) {
    const auto space = std::min(info.find_first_of(" \t"), info.size());
    std::string_view word = info.substr(0, space);
    info = trim(info.substr(space));
    word = stripped(word, "{[\"'", "}]\"',;");
    for (const std::string_view key : {"title=", "filename=", "file=", "path="}) {
      if (word.starts_with(key)) word = stripped(word.substr(key.size()), "{\"'", "}\"',;");
    }
    const auto colon = word.find(':');
    if (first && colon != std::string_view::npos) word = word.substr(colon + 1);
    word = without_dot_slash(word);
    // The first word alone is the language unless it is plainly a file: ```c is not a file "c".
    const bool plain = !first || word.find_first_of("./") != std::string_view::npos;
    if (plain && looks_like_source(word, files)) return word;
    first = false;
  }
  return {};
}

std::string_view path_of_diff_header(std::string_view line, const Files& files) {
  std::string_view path = line.size() > 4 ? line.substr(4) : std::string_view();
  path = path.substr(0, path.find('\t'));  // a time may follow
  path = stripped(path, " \"", " \"\r\n");
  if (is_file(path, files) || path == "/dev/null") return path;
  const bool prefixed = path.size() > 2 && path[1] == '/' &&
                        std::string_view("abciow").find(path[0]) != std::string_view::npos;
  return without_dot_slash(prefixed ? path.substr(2) : path);
}

}  // namespace genesis
