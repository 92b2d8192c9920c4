#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace genesis {

/// What a programming language or data format looks like from outside: names, extension, comments.
/// The deeper lexical profile (numbers, strings, operators, blocks) is in lexical_profile.h.
struct Language {
  std::string name;                        ///< "python"
  std::vector<std::string> aliases;        ///< "py", "python3"; also accepted as fence tags
  std::string extension;                   ///< "py", without the dot
  std::vector<std::string> line_comments;  ///< "#", "//", "!" …
  std::vector<std::pair<std::string, std::string>> block_comments;  ///< {"/*", "*/"} …
  bool is_data = false;  ///< A data format (json, yaml, markdown): no statements.
};

/// By name or alias, ignoring case; nullptr when unknown.
const Language* find_language(std::string_view name);
/// By file extension (without the dot); nullptr when unknown.
const Language* language_of_extension(std::string_view extension);
/// Names in a fixed order, for messages and help.
std::vector<std::string> language_names();

}  // namespace genesis
