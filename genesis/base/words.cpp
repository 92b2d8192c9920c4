#include "genesis/base/words.h"

#include <fmt/format.h>

#include <utility>

namespace genesis {

Result<std::vector<std::string>> split_words(std::string_view text, std::string_view what) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else if (c == '\\' && quote == '"' && i + 1 < text.size())
        word += text[++i];
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("{} has an unclosed quote: {}", what, text));
  }
  if (in_word) words.push_back(std::move(word));
  if (words.empty())
    return make_error(ErrorKind::invalid_argument, fmt::format("{} is empty", what));
  return words;
}

}  // namespace genesis
