#include "genesis/evolve/operators/brace_statements.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace genesis::evolve {
namespace {

constexpr std::size_t kNoStatement = SIZE_MAX;

/// First words of statements that make a name, which a copy would make twice.
constexpr std::string_view kDeclaringWords[] = {
    "let",   "var",      "const",  "auto",   "int",   "double", "float",   "long",   "char", "bool",
    "short", "unsigned", "signed", "static", "final", "byte",   "boolean", "size_t", "defer"};

/// Walks the tokens once with a stack of open braces, so that nesting costs no recursion.
class BraceStatements {
 public:
  BraceStatements(const ViewedFile& file, const MutableBlock& block) : file_(file), block_(block) {
    frames_.push_back({scopes_++, kNoStatement, 0, false, false});
  }

  std::vector<Statement> run() {
    for (token_ = block_.first_token; token_ < block_.last_token && !lost_; ++token_) step();
    // What is still open at the end is not understood and has no last token.
    std::erase_if(found_, [](const Statement& statement) { return statement.last_token == 0; });
    return std::move(found_);
  }

 private:
  struct Frame {
    std::uint32_t scope;
    std::size_t open;  ///< The statement that is being read.
    int depth;         ///< Open brackets other than braces in it.
    bool expression;   ///< Braces of an initialiser, match, lambda …: no statements inside.
    bool assigned;     ///< `=` was seen in the open statement.
  };

  Frame& frame() { return frames_.back(); }
  std::string_view word() const { return file_.text_of(token_); }
  std::string_view first_word(const Statement& s) const { return file_.text_of(s.first_token); }

  void step() {
    const TokenKind kind = file_.kind_of(token_);
    if (kind == TokenKind::comment) return;
    if (kind == TokenKind::newline || kind == TokenKind::directive) return line_end();
    if (word() == "}") return close_brace();
    if (frame().expression) {
      if (word() == "{") frames_.push_back({frame().scope, kNoStatement, 0, true, false});
      return;
    }
    if (frame().open == kNoStatement) {
      if (word() == ";") return;
      open_statement();
    }
    inside_statement(kind);
  }

  void open_statement() {
    Statement statement;
    statement.begin = file_.tokens[token_].begin;
    statement.first_token = token_;
    statement.scope = frame().scope;
    frame().open = found_.size();
    frame().assigned = false;
    frame().depth = 0;
    found_.push_back(statement);
  }

  void inside_statement(TokenKind kind) {
    const std::string_view text = word();
    if (text == "{") return open_brace();
    if (kind == TokenKind::open) {
      ++frame().depth;
    } else if (kind == TokenKind::close) {
      if (--frame().depth < 0) lost_ = true;
    } else if (frame().depth == 0 && (text == "=" || text == ":=")) {
      frame().assigned = true;
    } else if (frame().depth == 0 && text == ";" && !in_bare_condition()) {
      close_statement(token_ + 1);
    }
  }

  bool is_control(const Statement& statement) const {
    return contains_word(file_.profile->controls, first_word(statement), *file_.profile);
  }
  bool in_bare_condition() {
    const Statement& statement = found_[frame().open];
    return file_.profile->bare_conditions && is_control(statement) && !statement.compound;
  }

  void open_brace() {
    Statement& statement = found_[frame().open];
    const std::string_view first = first_word(statement);
    const bool block = frame().depth == 0 && first != "match" && first != "return" &&
                       (is_control(statement) || !frame().assigned);
    if (block) statement.compound = true;
    frames_.push_back({block ? scopes_++ : frame().scope, kNoStatement, 0, !block, false});
  }

  void close_brace() {
    if (frames_.size() == 1) {
      lost_ = true;
      return;
    }
    if (frame().open != kNoStatement) {
      // The value of a Rust block, or a last line without semicolon.
      found_[frame().open].fixed = true;
      finish(token_);
    }
    const bool expression = frame().expression;
    frames_.pop_back();
    if (frame().open == kNoStatement || frame().expression || frame().depth > 0) return;
    const Statement& statement = found_[frame().open];
    const std::string_view next = next_word();
    if (next == ";" || next == ")" || next == ",") return;
    if (expression && first_word(statement) != "match") return;
    if (first_word(statement) == "do" && next == "while") return;
    close_statement(token_ + 1);
  }

  void line_end() {
    if (file_.profile->statement_end != StatementEnd::either || frame().expression) return;
    if (frame().open == kNoStatement || frame().depth > 0 || token_ == block_.first_token) return;
    std::uint32_t last = token_ - 1;
    while (last > block_.first_token && file_.kind_of(last) == TokenKind::comment) --last;
    if (last < found_[frame().open].first_token) return;
    const TokenKind kind = file_.kind_of(last);
    const std::string_view text = file_.text_of(last);
    const bool may_end = kind == TokenKind::name || kind == TokenKind::number ||
                         kind == TokenKind::string || kind == TokenKind::close || text == "++" ||
                         text == "--";
    const std::string_view next = next_word();
    const bool goes_on = next == "." || next == "{" || next == "?" || next == ":" || next == "&&" ||
                         next == "||" || next == "+" || next == "-" || next == "*" || next == "/" ||
                         next == "=" || next == ",";
    if (may_end && (!goes_on || file_.profile->bare_conditions)) close_statement(last + 1);
  }

  std::string_view next_word() const {
    std::uint32_t next = token_ + 1;
    while (next < block_.last_token && (file_.kind_of(next) == TokenKind::newline ||
                                        file_.kind_of(next) == TokenKind::comment)) {
      ++next;
    }
    return next < block_.last_token ? file_.text_of(next) : std::string_view();
  }

  void close_statement(std::uint32_t last) {
    if (contains_word(file_.profile->continuations, next_word(), *file_.profile)) return;
    finish(last);
  }

  void finish(std::uint32_t last) {
    Statement& statement = found_[frame().open];
    while (last > statement.first_token + 1 && file_.kind_of(last - 1) == TokenKind::comment) {
      --last;
    }
    while (last > statement.first_token + 1 && file_.kind_of(last - 1) == TokenKind::newline) {
      --last;
    }
    statement.last_token = last;
    statement.end = file_.tokens[last - 1].end;
    statement.fixed = statement.fixed || must_stay(statement);
    frame().open = kNoStatement;
  }

  bool must_stay(const Statement& statement) const {
    const std::string_view first = first_word(statement);
    if (first == "return" || first == ")") return true;
    if (contains_word(file_.profile->declarations, first, *file_.profile)) return true;
    if (statement.compound) return !is_control(statement);
    if (std::find(std::begin(kDeclaringWords), std::end(kDeclaringWords), first) !=
        std::end(kDeclaringWords)) {
      return true;
    }
    std::uint32_t token = statement.first_token;
    const auto is_name = [&](std::uint32_t at) {
      return at < statement.last_token && file_.kind_of(at) == TokenKind::name;
    };
    const bool two_names = is_name(token) && is_name(token + 1) && first != "else" &&
                           first != "throw" && first != "delete" && first != "await";
    if (two_names) return true;
    for (; token < statement.last_token; ++token) {
      if (file_.text_of(token) == ":=") return true;
    }
    return false;
  }

  const ViewedFile& file_;
  const MutableBlock& block_;
  std::uint32_t token_ = 0;
  std::uint32_t scopes_ = 0;
  bool lost_ = false;
  std::vector<Frame> frames_;
  std::vector<Statement> found_;
};

}  // namespace

std::vector<Statement> find_brace_statements(const ViewedFile& file, const MutableBlock& block) {
  return BraceStatements(file, block).run();
}

}  // namespace genesis::evolve
