#include "genesis/config/dotenv.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "genesis/base/text.h"

namespace genesis::config {
namespace {

constexpr std::size_t kMaxBytes = 1u << 20;

bool is_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
}

/// Walks the text once; lines are counted for messages.
class Parser {
 public:
  Parser(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  Result<std::vector<std::pair<std::string, std::string>>> run() {
    std::vector<std::pair<std::string, std::string>> result;
    while (position_ < text_.size()) {
      const std::string_view line = rest_of_line();
      const std::string_view body = trim(line);
      if (body.empty() || body[0] == '#') {
        next_line();
        continue;
      }
      GENESIS_TRY_ASSIGN(auto entry, read_entry(line));
      result.push_back(std::move(entry));
      next_line();
    }
    return result;
  }

 private:
  std::string_view rest_of_line() const {
    return text_.substr(position_, std::min(text_.find('\n', position_), text_.size()) - position_);
  }

  void next_line() {
    position_ += rest_of_line().size() + 1;
    ++line_;
  }

  tl::unexpected<Error> problem(const std::string& message) const {
    return make_error(ErrorKind::parse, source_ + ":" + std::to_string(line_) + ": " + message);
  }

  Result<std::pair<std::string, std::string>> read_entry(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return problem("NAME=value was expected");
    std::string_view name = trim(line.substr(0, equals));
    static constexpr std::string_view kExport = "export ";
    if (name.rfind(kExport, 0) == 0) name = trim(name.substr(kExport.size()));
    if (!is_name(name)) return problem(std::string(name) + " is not a variable's name");
    position_ += equals + 1;
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) {
      ++position_;
    }
    GENESIS_TRY_ASSIGN(std::string value, read_value());
    return std::pair(std::string(name), std::move(value));
  }

  Result<std::string> read_value() {
    const char quote = position_ < text_.size() ? text_[position_] : '\n';
    if (quote == '\'' || quote == '"') return read_quoted(quote);
    std::string_view value = rest_of_line();
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool begins =
          value[i] == '#' && (i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t');
      if (begins) value = value.substr(0, i);
    }
    return std::string(trim(value));
  }

  Result<std::string> read_quoted(char quote) {
    const int first_line = line_;
    std::string value;
    for (++position_; position_ < text_.size(); ++position_) {
      char c = text_[position_];
      if (c == quote) {
        ++position_;
        const std::string_view after = trim(rest_of_line());
        if (!after.empty() && after[0] != '#') return problem("text after the closing quote");
        return value;
      }
      if (c == '\n') ++line_;
      if (c == '\\' && quote == '"' && position_ + 1 < text_.size()) {
        c = text_[++position_];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
        if (c == 'r') c = '\r';
      }
      value += c;
    }
    line_ = first_line;
    return problem("a quote is not closed");
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text,
                                                                      const std::string& source) {
  if (text.find('\0') != std::string_view::npos) {
    return make_error(ErrorKind::parse, source + ": holds a zero byte");
  }
  return Parser(text, source).run();
}

Result<std::vector<std::string>> load_dotenv(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::vector<std::string>{};
  GENESIS_TRY_ASSIGN(const std::string text, read_file(file, kMaxBytes));
  GENESIS_TRY_ASSIGN(const auto entries, parse_dotenv(text, file.string()));
  std::vector<std::string> names;
  for (const auto& [name, value] : entries) {
    const bool ours = std::find(names.begin(), names.end(), name) != names.end();
    if (std::getenv(name.c_str()) != nullptr && !ours) continue;
    if (::setenv(name.c_str(), value.c_str(), 1) != 0) return errno_error("set", name, errno);
    if (!ours) names.push_back(name);
  }
  return names;
}

}  // namespace genesis::config
