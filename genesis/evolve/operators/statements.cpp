#include "genesis/evolve/operators/statements.h"

#include <algorithm>
#include <utility>

#include "genesis/evolve/operators/brace_statements.h"
#include "genesis/program/edit_blocks.h"

namespace genesis::evolve {
namespace {

bool is_layout(TokenKind kind) {
  return kind == TokenKind::newline || kind == TokenKind::comment || kind == TokenKind::directive;
}

std::uint32_t column_of(std::string_view text, std::uint32_t offset) {
  const std::size_t line = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return offset - (line == std::string_view::npos ? 0 : static_cast<std::uint32_t>(line) + 1);
}

/// Calls `line(first, last)` for each logical line that has tokens, without layout at its ends.
template <typename Line>
void for_each_line(const ViewedFile& file, const MutableBlock& block, Line line) {
  std::uint32_t first = block.first_token;
  while (first < block.last_token) {
    if (is_layout(file.kind_of(first))) {
      ++first;
      continue;
    }
    std::uint32_t last = first;
    while (last < block.last_token && file.kind_of(last) != TokenKind::newline) ++last;
    std::uint32_t trimmed = last;
    while (trimmed > first && is_layout(file.kind_of(trimmed - 1))) --trimmed;
    line(first, trimmed);
    first = last;
  }
}

Statement make_statement(const ViewedFile& file, std::uint32_t first, std::uint32_t last) {
  Statement statement;
  statement.begin = file.tokens[first].begin;
  statement.end = file.tokens[last - 1].end;
  statement.first_token = first;
  statement.last_token = last;
  return statement;
}

/// Python: indentation tells what is nested.
class IndentedStatements {
 public:
  IndentedStatements(const ViewedFile& file, const MutableBlock& block)
      : file_(file), block_(block) {}

  std::vector<Statement> run() {
    for_each_line(file_, block_,
                  [this](std::uint32_t first, std::uint32_t last) { add_line(first, last); });
    return std::move(found_);
  }

 private:
  struct Level {
    std::uint32_t column;
    std::uint32_t scope;
    std::size_t statement;  ///< The last one of this level.
  };

  void add_line(std::uint32_t first, std::uint32_t last) {
    const std::uint32_t column = column_of(file_.text(), file_.tokens[first].begin);
    while (!levels_.empty() && levels_.back().column > column) levels_.pop_back();
    const std::string_view word = file_.text_of(first);
    const LexicalProfile& profile = *file_.profile;
    const bool same_level = !levels_.empty() && levels_.back().column == column;
    if (same_level && contains_word(profile.continuations, word, profile)) {
      return extend_open(last);
    }
    Statement statement = make_statement(file_, first, last);
    statement.fixed = word == "return" || contains_word(profile.declarations, word, profile) ||
                      is_text_only(first, last);
    if (same_level) {
      statement.scope = levels_.back().scope;
      levels_.back().statement = found_.size();
    } else {
      if (!levels_.empty()) found_[levels_.back().statement].compound = true;
      statement.scope = scopes_++;
      levels_.push_back({column, statement.scope, found_.size()});
    }
    found_.push_back(statement);
    extend_open(last);
  }

  /// The enclosing statements end no earlier than this line.
  void extend_open(std::uint32_t last) {
    for (const Level& level : levels_) {
      found_[level.statement].last_token = last;
      found_[level.statement].end = file_.tokens[last - 1].end;
    }
  }

  bool is_text_only(std::uint32_t first, std::uint32_t last) const {
    return last == first + 1 && file_.kind_of(first) == TokenKind::string;
  }

  const ViewedFile& file_;
  const MutableBlock& block_;
  std::vector<Statement> found_;
  std::vector<Level> levels_;
  std::uint32_t scopes_ = 0;
};

/// Julia and Fortran: a line that opens, closes or continues a block, or declares, parts two runs.
std::vector<Statement> plain_lines(const ViewedFile& file, const MutableBlock& block) {
  const LexicalProfile& profile = *file.profile;
  const auto parts_runs = [&](std::uint32_t first, std::uint32_t last) {
    if (file.kind_of(first) == TokenKind::number) return true;  // a Fortran label
    if (contains_word(profile.declarations, file.text_of(first), profile)) return true;
    int depth = 0;
    for (std::uint32_t token = first; token < last; ++token) {
      depth += file.kind_of(token) == TokenKind::open ? 1 : 0;
      depth -= file.kind_of(token) == TokenKind::close ? 1 : 0;
      if (depth > 0 || file.kind_of(token) != TokenKind::name) continue;
      const std::string_view word = file.text_of(token);
      if (contains_word(profile.block_openers, word, profile) ||
          contains_word(profile.block_closers, word, profile) ||
          contains_word(profile.continuations, word, profile) || word == "then" || word == "THEN") {
        return true;
      }
    }
    return false;
  };
  std::vector<Statement> found;
  std::uint32_t scope = 0;
  for_each_line(file, block, [&](std::uint32_t first, std::uint32_t last) {
    if (parts_runs(first, last)) {
      ++scope;
      return;
    }
    Statement statement = make_statement(file, first, last);
    statement.scope = scope;
    const std::string_view word = file.text_of(first);
    statement.fixed = word == "return" || word == "RETURN" || word == "stop";
    found.push_back(statement);
  });
  return found;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

}  // namespace

std::vector<Statement> find_statements(const ViewedFile& file, const MutableBlock& block) {
  switch (file.profile->blocks) {
    case BlockStyle::indentation:
      return IndentedStatements(file, block).run();
    case BlockStyle::braces:
      return find_brace_statements(file, block);
    case BlockStyle::keyword_end:
      return plain_lines(file, block);
    case BlockStyle::none:
      break;
  }
  return {};
}

Status require_statements(const SourceView& view, std::string_view operator_name) {
  for (const ViewedFile& file : view.files) {
    if (file.profile->blocks != BlockStyle::none && !file.language->is_data) return {};
  }
  return make_error(ErrorKind::unsupported,
                    std::string(operator_name) + ": language '" + view.files[0].language->name +
                        "' has no statements that Genesis knows; use the literal operators");
}

std::string_view indentation(std::string_view text, const Statement& statement) {
  const std::uint32_t column = column_of(text, statement.begin);
  const std::string_view lead = text.substr(statement.begin - column, column);
  return std::all_of(lead.begin(), lead.end(), is_blank) ? lead : std::string_view();
}

std::string reindented(const ViewedFile& file, const Statement& statement, std::string_view text,
                       std::string_view from, std::string_view to) {
  if (from == to || text.find('\n') == std::string_view::npos) return std::string(text);
  for (std::uint32_t token = statement.first_token; token < statement.last_token; ++token) {
    const bool lines = file.text_of(token).find('\n') != std::string_view::npos;
    if (file.kind_of(token) == TokenKind::string && lines) return {};
  }
  std::string made;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    std::string_view line = text.substr(begin, end - begin);
    if (begin > 0 && line.substr(0, from.size()) == from) {
      line.remove_prefix(from.size());
      made += to;
    }
    made += line;
    begin = end;
  }
  return made;
}

Edit removal(const ViewedFile& file, const MutableBlock& block, const Statement& statement,
             bool alone) {
  if (alone && !file.profile->empty_statement.empty()) {
    return {statement.begin, statement.end, std::string(file.profile->empty_statement)};
  }
  const std::string_view text = file.text();
  const std::uint32_t line = statement.begin - column_of(text, statement.begin);
  std::uint32_t end = statement.end;
  while (end < block.end && is_blank(text[end])) ++end;
  const std::string_view lead = text.substr(line, statement.begin - line);
  const bool own_line = std::all_of(lead.begin(), lead.end(), is_blank) && line >= block.begin &&
                        end < block.end && text[end] == '\n';
  if (own_line) return {line, end + 1, {}};
  return {statement.begin, statement.end, {}};
}

Edit insertion_before(const ViewedFile& file, const Statement& place, std::string text) {
  text += newline_of(file.text());
  text += indentation(file.text(), place);
  return {place.begin, place.begin, std::move(text)};
}

Edit insertion_after(const ViewedFile& file, const Statement& place, std::string text) {
  std::string made(newline_of(file.text()));
  made += indentation(file.text(), place);
  made += text;
  return {place.end, place.end, std::move(made)};
}

}  // namespace genesis::evolve
