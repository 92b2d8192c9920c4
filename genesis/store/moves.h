#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/store/records.h"

namespace SQLite {
class Database;
}

namespace genesis::store {

// A migration moves many programs at once, several per program recorded in the long run. One row
// for each, with a reference to a program far back, would cost more than the program's own record:
// they are kept as one text per event.

/// "12:0>3 15:1+2": generation 12 moves from island 0 to 3, 15 is copied from 1 to 2.
std::string encode_moves(std::span<const MoveRecord> moves);

/// Calls `visit` for each, in order. False, after those before it, at what is not of that form.
bool decode_moves(std::int64_t event, std::string_view text,
                  const std::function<void(const MoveRecord&)>& visit);

/// All moves of a store in order of event. Errors: `parse`. Throws SQLite's exceptions.
Status read_moves(SQLite::Database& database, const std::function<void(const MoveRecord&)>& visit);

}  // namespace genesis::store
