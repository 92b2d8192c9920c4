#include "genesis/evolve/operators/operands.h"

#include <string_view>

namespace genesis::evolve {
namespace {

bool in_list(std::span<const std::string_view> list, std::string_view text) {
  for (const std::string_view entry : list) {
    if (entry == text) return true;
  }
  return false;
}

bool ends_operand(const ViewedFile& file, std::uint32_t token) {
  const TokenKind kind = file.kind_of(token);
  if (kind == TokenKind::name) {
    return !contains_word(file.profile->keywords, file.text_of(token), *file.profile);
  }
  return kind == TokenKind::number || kind == TokenKind::close || kind == TokenKind::string;
}

bool begins_operand(const ViewedFile& file, std::uint32_t token) {
  const TokenKind kind = file.kind_of(token);
  if (kind == TokenKind::name) {
    return !contains_word(file.profile->keywords, file.text_of(token), *file.profile);
  }
  return kind == TokenKind::number || kind == TokenKind::open || kind == TokenKind::string ||
         file.text_of(token) == "-";
}

/// Finds the operands of the lines of one block.
class OperandFinder {
 public:
  OperandFinder(const SourceView& view, std::uint32_t file, const MutableBlock& block,
                std::vector<Operand>& found)
      : file_(view.files[file]), block_(block), index_(file), found_(found) {}

  void run() {
    bool skip_line = false;
    bool line_begins = true;
    for (std::uint32_t token = block_.first_token; token < block_.last_token; ++token) {
      const TokenKind kind = file_.kind_of(token);
      if (kind == TokenKind::newline || file_.text_of(token) == ";") {
        line_begins = true;
        continue;
      }
      if (kind == TokenKind::comment) continue;
      if (line_begins) skip_line = declares(token);
      line_begins = false;
      if (!skip_line) visit(token);
    }
  }

 private:
  /// Lines that name things or bind loop variables hold no values to work on.
  bool declares(std::uint32_t token) const {
    const std::string_view word = file_.text_of(token);
    return contains_word(file_.profile->declarations, word, *file_.profile) || word == "with" ||
           word == "del" || word == "function" || word == "fn" || word == "func" ||
           word == "subroutine";
  }

  void visit(std::uint32_t token) {
    const TokenKind kind = file_.kind_of(token);
    if (kind != TokenKind::name && kind != TokenKind::number) return;
    if (kind == TokenKind::name && !begins_operand(file_, token)) return;
    if (token == block_.first_token || !may_precede(token - 1)) return;
    const std::uint32_t last = kind == TokenKind::name ? chain_end(token) : token + 1;
    if (last >= block_.last_token || !may_follow(last)) return;
    found_.push_back({index_, file_.tokens[token].begin, file_.tokens[last - 1].end, token, last,
                      last == token + 1});
  }

  /// Past fields, indices and calls.
  std::uint32_t chain_end(std::uint32_t token) const {
    std::uint32_t last = token + 1;
    while (last < block_.last_token) {
      const std::string_view text = file_.text_of(last);
      const bool touches = file_.tokens[last].begin == file_.tokens[last - 1].end;
      if (text == "." && last + 1 < block_.last_token &&
          file_.kind_of(last + 1) == TokenKind::name) {
        last += 2;
      } else if ((text == "[" || text == "(") && touches) {
        const std::uint32_t close = matching_close(last);
        if (close == block_.last_token) return last;
        last = close + 1;
      } else {
        break;
      }
    }
    return last;
  }

  std::uint32_t matching_close(std::uint32_t open) const {
    // Long argument lists are not worth wrapping; the limit keeps the search linear.
    constexpr std::uint32_t kLongest = 200;
    int depth = 0;
    for (std::uint32_t t = open; t < block_.last_token && t < open + kLongest; ++t) {
      if (file_.kind_of(t) == TokenKind::open) ++depth;
      if (file_.kind_of(t) == TokenKind::close && --depth == 0) return t;
    }
    return block_.last_token;
  }

  bool arithmetic(std::string_view text) const { return in_list(file_.profile->arithmetic, text); }

  bool may_precede(std::uint32_t token) const {
    const std::string_view text = file_.text_of(token);
    return file_.kind_of(token) == TokenKind::open
               ? text != "{"
               : text == "," || text == "=" || text == ":=" || text == "return" ||
                     arithmetic(text) || in_list(file_.profile->augmented, text);
  }

  bool may_follow(std::uint32_t token) const {
    const TokenKind kind = file_.kind_of(token);
    const std::string_view text = file_.text_of(token);
    if (kind == TokenKind::newline || kind == TokenKind::comment) return true;
    if (kind == TokenKind::close) return text != "}";
    return text == "," || text == ";" || arithmetic(text) || text == "if" || text == "for";
  }

  const ViewedFile& file_;
  const MutableBlock& block_;
  std::uint32_t index_;
  std::vector<Operand>& found_;
};

}  // namespace

std::vector<Operand> find_operands(const SourceView& view) {
  std::vector<Operand> found;
  for (std::uint32_t file = 0; file < view.files.size(); ++file) {
    if (view.files[file].language->is_data) continue;
    for (const MutableBlock& block : view.files[file].blocks) {
      OperandFinder(view, file, block, found).run();
    }
  }
  return found;
}

bool is_binary(const ViewedFile& file, const MutableBlock& block, std::uint32_t token) {
  return token > block.first_token && token + 1 < block.last_token &&
         ends_operand(file, token - 1) && begins_operand(file, token + 1);
}

}  // namespace genesis::evolve
