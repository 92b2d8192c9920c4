#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace genesis::store {

/// A prepared statement bound and run in one call: `insert.run(1, text("x"), blob(y))` returns the
/// number of rows changed. Texts are bound without a copy; those that are not UTF-8 are repaired
/// first, so that whatever a candidate printed can be shown. One thread, like its connection.
class Command {
 public:
  Command(SQLite::Database& database, const char* sql);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  template <typename... Values>
  int run(const Values&... values) {
    Release release{*this};
    int index = 0;
    (bind(++index, values), ...);
    return execute();
  }

  /// Bytes kept exactly as they are.
  struct Blob {
    std::string_view bytes;
  };

 private:
  struct Release {
    Command& command;
    ~Release() { command.release(); }
  };
  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, bool value) { bind(index, std::int64_t{value}); }
  void bind(int index, double value);
  void bind(int index, const std::string& value);
  void bind(int index, Blob value);
  int execute();
  void release() noexcept;

  std::unique_ptr<SQLite::Statement> statement_;
  std::deque<std::string> repaired_;
};

}  // namespace genesis::store
