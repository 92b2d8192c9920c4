#include "genesis/warm_start/shinka_source.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include "genesis/base/text.h"

namespace genesis::warm_start {
namespace {

constexpr int kStepsPerLook = 10'000;  // of SQLite's machine, between two looks at the clock
constexpr std::size_t kMaxIdBytes = 256;

using Deadline = std::chrono::steady_clock::time_point;

int is_over(void* deadline) {
  return std::chrono::steady_clock::now() > *static_cast<const Deadline*>(deadline) ? 1 : 0;
}

tl::unexpected<Error> sqlite_failure(const std::string& name, const SQLite::Exception& failure) {
  const int code = failure.getErrorCode() & 0xff;
  const char* hint = code == SQLITE_NOTADB || code == SQLITE_CORRUPT
                         ? " (damaged, or no database: take it from a copy)"
                     : code == SQLITE_INTERRUPT ? " (it takes too long to read)"
                     : code == SQLITE_BUSY      ? " (its own run holds it: stop that first)"
                                                : "";
  return make_error(ErrorKind::parse,
                    fmt::format("reading '{}': {}{}", name, failure.what(), hint));
}

/// A text column, or nothing when it is no text or too long.
std::optional<std::string> text_of(const SQLite::Column& column, std::size_t most) {
  if (!column.isText() || static_cast<std::size_t>(column.getBytes()) > most) return std::nullopt;
  std::string text = column.getString();
  if (!is_valid_utf8(text)) return std::nullopt;
  return text;
}

std::optional<double> number_of(const SQLite::Column& column) {
  if (!column.isFloat() && !column.isInteger()) return std::nullopt;
  const double value = column.getDouble();
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

class ShinkaSource final : public ProgramSource {
 public:
  ShinkaSource(std::unique_ptr<SQLite::Database> database, std::string name,
               std::chrono::milliseconds budget)
      : database_(std::move(database)),
        name_(std::move(name)),
        deadline_(std::chrono::steady_clock::now() + budget) {
    sqlite3* handle = database_->getHandle();
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_progress_handler(handle, kStepsPerLook, is_over, &deadline_);
  }

  ~ShinkaSource() override {
    sqlite3_progress_handler(database_->getHandle(), 0, nullptr, nullptr);
  }

  Status check() {
    try {
      // A file from elsewhere must not run code of its own through views or triggers.
      database_->exec("PRAGMA trusted_schema=OFF");
      database_->exec("PRAGMA cell_size_check=ON");
      database_->exec("PRAGMA query_only=ON");
      SQLite::Statement table(*database_,
                              "SELECT type, substr(sql, 1, 14) FROM sqlite_schema "
                              "WHERE name='programs'");
      if (!table.executeStep()) return not_theirs("it has no table 'programs'");
      if (table.getColumn(0).getString() != "table" ||
          table.getColumn(1).getString() == "CREATE VIRTUAL") {
        return not_theirs("its 'programs' is no plain table");
      }
      SQLite::Statement columns(*database_, "SELECT name FROM pragma_table_info('programs')");
      while (columns.executeStep()) columns_.insert(columns.getColumn(0).getString());
    } catch (const SQLite::Exception& failure) {
      return sqlite_failure(name_, failure);
    }
    for (const char* needed : {"id", "code", "generation", "combined_score", "correct"}) {
      if (!columns_.contains(needed)) {
        return not_theirs(fmt::format("its table 'programs' has no column '{}'", needed));
      }
    }
    return {};
  }

  std::string system() const override { return "ShinkaEvolve"; }

  Result<std::vector<Listing>> list(Skipped& skipped) override {
    std::vector<Listing> found;
    try {
      SQLite::Statement rows(
          *database_,
          fmt::format(
              "SELECT rowid, id, typeof(code), generation, combined_score, correct, {}, {}, "
              "{} FROM programs ORDER BY rowid LIMIT {}",
              column("parent_id"), column("language"), column("island_idx"), kMaxPrograms));
      while (rows.executeStep()) {
        Listing listing;
        const auto id = text_of(rows.getColumn(1), kMaxIdBytes);
        if (!id || rows.getColumn(2).getString() != "text") {
          ++skipped["without an id or a text"];
          continue;
        }
        listing.handle = rows.getColumn(0).getInt64();
        listing.id = *id;
        listing.generation = rows.getColumn(3).getInt64();
        listing.score = number_of(rows.getColumn(4));
        listing.correct = rows.getColumn(5).isInteger() && rows.getColumn(5).getInt64() != 0;
        listing.parent_id = text_of(rows.getColumn(6), kMaxIdBytes).value_or("");
        listing.language = text_of(rows.getColumn(7), kMaxIdBytes).value_or("");
        if (const auto island = number_of(rows.getColumn(8));
            island && *island >= 0 && *island < 1e6) {
          listing.island = static_cast<int>(*island);
        }
        found.push_back(std::move(listing));
      }
    } catch (const SQLite::Exception& failure) {
      return sqlite_failure(name_, failure);
    }
    return found;
  }

  Result<ProgramText> read(const Listing& listing) override {
    ProgramText text;
    try {
      SQLite::Statement row(*database_,
                            fmt::format("SELECT code, {}, {}, {} FROM programs WHERE rowid=?",
                                        column("public_metrics"), column("private_metrics"),
                                        column("text_feedback")));
      row.bind(1, listing.handle);
      if (!row.executeStep()) return unusable("gone while reading");
      auto code = text_of(row.getColumn(0), kMaxCodeBytes);
      if (!code) return unusable("longer than 1 MB, or no UTF-8");
      text.code = std::move(*code);
      text.public_json = object_in(row.getColumn(1));
      text.private_json = object_in(row.getColumn(2));
      text.text_feedback = text_of(row.getColumn(3), kMaxNoteBytes).value_or("");
    } catch (const SQLite::Exception& failure) {
      if ((failure.getErrorCode() & 0xff) == SQLITE_TOOBIG) return unusable("longer than 1 MB");
      return sqlite_failure(name_, failure);
    }
    return text;
  }

 private:
  tl::unexpected<Error> not_theirs(const std::string& why) const {
    return make_error(ErrorKind::parse,
                      fmt::format("'{}' is no database of ShinkaEvolve: {}", name_, why));
  }
  static tl::unexpected<Error> unusable(std::string why) {
    return make_error(ErrorKind::invalid_argument, std::move(why));
  }
  std::string column(const char* name) const { return columns_.contains(name) ? name : "NULL"; }
  static std::string object_in(const SQLite::Column& column) {
    const auto text = text_of(column, kMaxNoteBytes);
    return text ? compact_object(*text).value_or("{}") : "{}";
  }

  std::unique_ptr<SQLite::Database> database_;
  std::string name_;
  std::set<std::string> columns_;
  Deadline deadline_;
};

std::string still_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char letter : std::filesystem::absolute(file).string()) {
    const bool special = letter == '%' || letter == '?' || letter == '#';
    uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(letter))
                   : std::string(1, letter);
  }
  return uri + "?immutable=1";
}

/// In a folder nobody may write to, a database in WAL mode opens only as one that never changes.
std::unique_ptr<SQLite::Database> open_read_only(const std::filesystem::path& file) {
  auto database = std::make_unique<SQLite::Database>(
      file.string(), SQLite::OPEN_READONLY | SQLITE_OPEN_NOMUTEX, 5000);
  try {
    SQLite::Statement probe(*database, "SELECT count(*) FROM sqlite_schema");
    probe.executeStep();
    return database;
  } catch (const SQLite::Exception& failure) {
    if ((failure.getErrorCode() & 0xff) != SQLITE_CANTOPEN) throw;
  }
  return std::make_unique<SQLite::Database>(
      still_uri(file), SQLite::OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLite::OPEN_URI);
}

}  // namespace

Result<std::unique_ptr<ProgramSource>> open_shinka(std::unique_ptr<SQLite::Database> database,
                                                   const std::string& name,
                                                   std::chrono::milliseconds budget) {
  auto source = std::make_unique<ShinkaSource>(std::move(database), name, budget);
  GENESIS_TRY(source->check());
  return source;
}

Result<std::unique_ptr<ProgramSource>> open_shinka(const std::filesystem::path& file) {
  try {
    return open_shinka(open_read_only(file), file.string());
  } catch (const SQLite::Exception& failure) {
    return sqlite_failure(file.string(), failure);
  }
}

}  // namespace genesis::warm_start
