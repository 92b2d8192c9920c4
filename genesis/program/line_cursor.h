#pragma once

#include <cstddef>
#include <string_view>

namespace genesis {

/// Steps through a text line by line, with offsets.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text) : text_(text) {}

  /// Goes to the next line; false at the end.
  bool next() {
    if (next_ >= text_.size()) return false;
    begin_ = next_;
    const auto newline = text_.find('\n', begin_);
    next_ = newline == std::string_view::npos ? text_.size() : newline + 1;
    ++number_;
    return true;
  }
  /// The line after this one, with its terminator; empty at the end.
  std::string_view peek() const {
    LineCursor ahead = *this;
    return ahead.next() ? ahead.line() : std::string_view();
  }
  std::string_view line() const { return text_.substr(begin_, next_ - begin_); }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return next_; }
  std::size_t number() const { return number_; }  ///< From 1.

 private:
  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t next_ = 0;
  std::size_t number_ = 0;
};

}  // namespace genesis
