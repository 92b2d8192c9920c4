#include "genesis/store/statements.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "genesis/base/text.h"

namespace genesis::store {
namespace {

// SQLite's own limit is checked here because its interface takes an int.
constexpr std::size_t kMaxBytes = 1'000'000'000;

void check_size(std::size_t bytes) {
  if (bytes > kMaxBytes) throw SQLite::Exception("a value is larger than 1 GB", SQLITE_TOOBIG);
}

}  // namespace

Command::Command(SQLite::Database& database, const char* sql)
    : statement_(std::make_unique<SQLite::Statement>(database, sql)) {}

Command::~Command() = default;

void Command::bind(int index, std::int64_t value) {
  statement_->bind(index, value);
}

// SQLite has no NaN: it becomes NULL, and NULL is read back as NaN.
void Command::bind(int index, double value) {
  statement_->bind(index, value);
}

void Command::bind(int index, const std::string& value) {
  check_size(value.size());
  if (is_valid_utf8(value)) {
    statement_->bindNoCopy(index, value);
  } else {
    statement_->bindNoCopy(index, repaired_.emplace_back(to_valid_utf8(value)));
  }
}

void Command::bind(int index, Blob value) {
  check_size(value.bytes.size());
  // An empty view may have a null pointer, which SQLite would read as NULL.
  const char* const data = value.bytes.empty() ? "" : value.bytes.data();
  statement_->bindNoCopy(index, data, static_cast<int>(value.bytes.size()));
}

int Command::execute() {
  return statement_->exec();
}

void Command::release() noexcept {
  statement_->tryReset();
  repaired_.clear();
}

}  // namespace genesis::store
