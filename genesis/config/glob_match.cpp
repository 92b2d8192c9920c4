#include "genesis/config/glob_match.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace genesis::config {
namespace {

std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t size = byte < 0x80   ? 1
                             : byte < 0xC0 ? 1
                             : byte < 0xE0 ? 2
                             : byte < 0xF0 ? 3
                                           : 4;
    char32_t value = size == 1 ? byte : byte & (0x7Fu >> size);
    std::size_t taken = 1;
    while (taken < size && i + taken < text.size() &&
           (static_cast<unsigned char>(text[i + taken]) & 0xC0) == 0x80) {
      value = (value << 6) | (static_cast<unsigned char>(text[i + taken]) & 0x3Fu);
      ++taken;
    }
    if (taken != size) {
      value = byte;
      taken = 1;
    }
    out += value;
    i += taken;
  }
  return out;
}

/// One position of a pattern: a character, any character, any number of them, or a set.
struct Piece {
  enum class Kind : unsigned char { one, any, star, set };
  Kind kind = Kind::one;
  char32_t character = 0;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;

  bool matches(char32_t c) const {
    if (kind == Kind::any) return true;
    if (kind == Kind::one) return c == character;
    const bool inside = std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
      return range.first <= c && c <= range.second;
    });
    return inside != negated;
  }
};

/// The inside of "[…]": an empty range ("z-a") is nothing, not an error.
Piece read_set(std::u32string_view inside) {
  Piece piece;
  piece.kind = Piece::Kind::set;
  if (inside[0] == U'!') {
    piece.negated = true;
    inside.remove_prefix(1);
  }
  for (std::size_t i = 0; i < inside.size();) {
    if (i + 2 < inside.size() && inside[i + 1] == U'-') {
      piece.ranges.emplace_back(inside[i], inside[i + 2]);
      i += 3;
    } else {
      piece.ranges.emplace_back(inside[i], inside[i]);
      ++i;
    }
  }
  return piece;
}

std::vector<Piece> read_pattern(std::u32string_view pattern) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    Piece piece;
    piece.character = pattern[i];
    if (pattern[i] == U'*') {
      piece.kind = Piece::Kind::star;
      if (!pieces.empty() && pieces.back().kind == Piece::Kind::star) continue;
    } else if (pattern[i] == U'?') {
      piece.kind = Piece::Kind::any;
    } else if (pattern[i] == U'[') {
      std::size_t close = i + 1;
      if (close < pattern.size() && pattern[close] == U'!') ++close;
      close = pattern.find(U']', close + 1);  // a ']' in first place is one of the set
      if (close != std::u32string_view::npos) {
        piece = read_set(pattern.substr(i + 1, close - i - 1));
        i = close;
      }
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace

bool glob_match(std::string_view text, std::string_view pattern) {
  const std::u32string subject = code_points(text);
  const std::u32string written = code_points(pattern);
  const std::vector<Piece> pieces = read_pattern(written);
  std::size_t at = 0;
  std::size_t piece = 0;
  // Where the last star stands and how far it reaches: a mismatch lets it take one more.
  std::size_t star = pieces.size();
  std::size_t star_at = 0;
  while (at < subject.size()) {
    if (piece < pieces.size() && pieces[piece].kind == Piece::Kind::star) {
      star = piece++;
      star_at = at;
    } else if (piece < pieces.size() && pieces[piece].matches(subject[at])) {
      ++piece;
      ++at;
    } else if (star < pieces.size()) {
      piece = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (piece < pieces.size() && pieces[piece].kind == Piece::Kind::star) ++piece;
  return piece == pieces.size();
}

}  // namespace genesis::config
