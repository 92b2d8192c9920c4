#include "evaluators/python_imports.h"

#include <algorithm>

#include "genesis/base/text.h"

namespace genesis::evaluators {
namespace {

/// Longer statements are no imports.
constexpr std::size_t kMostBytes = 64u << 10;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_dotted_name(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' ? text[i + 1] == '.' : !is_name_byte(text[i])) return false;
  }
  return true;
}

/// The first word of "numpy as np".
std::string_view first_word(std::string_view text) {
  text = trim(text);
  return text.substr(0, text.find_first_of(" \t"));
}

/// A keyword with what must follow it for the statement to be an import.
bool takes(std::string_view& text, std::string_view keyword) {
  if (!text.starts_with(keyword)) return false;
  const std::string_view rest = text.substr(keyword.size());
  if (!rest.empty() && is_name_byte(rest.front())) return false;
  text = trim(rest);
  return true;
}

void read_plain(std::string_view list, std::vector<PythonImport>& found) {
  for (const std::string_view part : split(list, ',')) {
    const std::string_view name = first_word(part);
    if (is_dotted_name(name)) found.push_back({0, std::string(name), {}});
  }
}

void read_from(std::string_view rest, std::vector<PythonImport>& found) {
  PythonImport import;
  while (!rest.empty() && (rest.front() == '.' || rest.front() == ' ')) {
    if (rest.front() == '.' && import.level < 100) ++import.level;
    rest.remove_prefix(1);
  }
  std::size_t end = 0;
  while (end < rest.size() && (is_name_byte(rest[end]) || rest[end] == '.')) ++end;
  std::string_view module = rest.substr(0, end);
  rest = trim(rest.substr(end));
  if (import.level > 0 && module == "import") {
    module = {};  // from . import name
  } else if (!takes(rest, "import")) {
    return;
  }
  if (!module.empty() && !is_dotted_name(module)) return;
  if (module.empty() && import.level == 0) return;
  import.module = std::string(module);
  for (const std::string_view part : split(rest, ',')) {
    std::string_view name = first_word(part);
    if (is_dotted_name(name) && name.find('.') == name.npos) import.names.emplace_back(name);
  }
  found.push_back(std::move(import));
}

/// Statements of one logical line: after `:` and `;` another one may begin.
void read_line(std::string_view line, std::vector<PythonImport>& found) {
  while (!line.empty()) {
    const std::size_t end = line.find_first_of(":;");
    std::string_view statement = trim(line.substr(0, end));
    if (takes(statement, "import")) {
      read_plain(statement, found);
    } else if (takes(statement, "from")) {
      read_from(statement, found);
    }
    if (end == line.npos) return;
    line.remove_prefix(end + 1);
  }
}

std::string_view without_comment(std::string_view line) {
  return line.substr(0, line.find('#'));
}

}  // namespace

std::vector<PythonImport> python_imports(std::string_view source) {
  std::vector<PythonImport> found;
  std::string logical;
  bool in_parentheses = false;
  for (const std::string_view raw : split_lines(source)) {
    std::string_view line = trim(without_comment(raw));
    const bool continues = !line.empty() && line.back() == '\\';
    if (continues) line.remove_suffix(1);
    logical += line;
    logical += ' ';
    // Only `from … import (` needs its closing parenthesis; a call's is somebody else's matter.
    const std::size_t open = logical.find('(');
    in_parentheses = open != logical.npos && logical.find(')', open) == logical.npos &&
                     logical.starts_with("from") &&
                     trim(std::string_view(logical).substr(0, open)).ends_with("import");
    if ((continues || in_parentheses) && logical.size() < kMostBytes) continue;
    std::replace(logical.begin(), logical.end(), '(', ' ');
    std::replace(logical.begin(), logical.end(), ')', ' ');
    read_line(logical, found);
    logical.clear();
  }
  std::replace(logical.begin(), logical.end(), '(', ' ');
  read_line(logical, found);
  return found;
}

std::vector<std::string> import_places(const PythonImport& import) {
  std::vector<std::string> places;
  std::string path;
  if (import.module.empty()) {
    places.emplace_back();  // the package itself
  } else {
    for (const std::string_view part : split(import.module, '.')) {
      path += path.empty() ? std::string(part) : '/' + std::string(part);
      places.push_back(path);
    }
  }
  for (const std::string& name : import.names) {
    places.push_back(path.empty() ? name : path + '/' + name);
  }
  return places;
}

}  // namespace genesis::evaluators
