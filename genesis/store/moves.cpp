#include "genesis/store/moves.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace genesis::store {
namespace {

/// Takes numbers and signs off the front of a text; after the first that is not there, nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool done() const { return at_ == end_; }
  bool ok() const { return ok_; }

  template <typename Number>
  Scanner& number(Number& out) {
    if (!ok_) return *this;
    const auto read = std::from_chars(at_, end_, out);
    ok_ = read.ec == std::errc() && out >= 0;
    at_ = read.ptr;
    return *this;
  }
  /// One of two signs; `second` tells which.
  Scanner& sign(char one, char other, bool& second) {
    ok_ = ok_ && !done() && (*at_ == one || *at_ == other);
    if (ok_) second = *at_++ == other;
    return *this;
  }
  Scanner& sign(char one) {
    bool ignored = false;
    return sign(one, one, ignored);
  }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace

std::string encode_moves(std::span<const MoveRecord> moves) {
  std::string text;
  for (const MoveRecord& move : moves) {
    fmt::format_to(std::back_inserter(text), "{}{}:{}{}{}", text.empty() ? "" : " ",
                   move.generation, move.from_island, move.copy ? '+' : '>', move.to_island);
  }
  return text;
}

bool decode_moves(std::int64_t event, std::string_view text,
                  const std::function<void(const MoveRecord&)>& visit) {
  MoveRecord move;
  move.event = event;
  Scanner scanner(text);
  while (true) {
    scanner.number(move.generation).sign(':').number(move.from_island);
    scanner.sign('>', '+', move.copy).number(move.to_island);
    if (!scanner.ok()) return false;
    visit(move);
    if (scanner.done()) return true;
    scanner.sign(' ');
  }
}

Status read_moves(SQLite::Database& database, const std::function<void(const MoveRecord&)>& visit) {
  SQLite::Statement rows(database, "SELECT event, moves FROM island_moves ORDER BY event");
  while (rows.executeStep()) {
    const std::int64_t event = rows.getColumn(0).getInt64();
    const SQLite::Column column = rows.getColumn(1);
    const char* const text = column.getText();
    const auto size = static_cast<std::size_t>(column.getBytes());
    if (!decode_moves(event, std::string_view(text, size), visit)) {
      return make_error(ErrorKind::parse,
                        fmt::format("reading the run's store: the moves of event {} are not "
                                    "readable; the file is corrupt, restore it from a copy",
                                    event));
    }
  }
  return {};
}

}  // namespace genesis::store
