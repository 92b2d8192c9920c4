// Programs of other systems: whatever the bytes, what is chosen of them can be used. Bytes that
// begin with '{' are a program file of OpenEvolve, all others a database of ShinkaEvolve.
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "genesis/base/text.h"
#include "genesis/warm_start/choose_programs.h"
#include "genesis/warm_start/openevolve_source.h"
#include "genesis/warm_start/shinka_source.h"

namespace {

using namespace genesis::warm_start;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_object(const std::string& text) {
  require(nlohmann::json::parse(text).is_object());
}

void require_usable(const Listing& listing, const ProgramText& text) {
  require(!listing.score || std::isfinite(*listing.score));
  require_object(text.public_json);
  require_object(text.private_json);
  require(genesis::is_valid_utf8(text.text_feedback));
}

std::unique_ptr<SQLite::Database> database_of(std::string_view bytes) {
  auto database =
      std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size() + 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  const int code = sqlite3_deserialize(database->getHandle(), "main", copy, size, size,
                                       SQLITE_DESERIALIZE_FREEONCLOSE);
  require(code == SQLITE_OK);
  return database;
}

void read_database(std::string_view bytes) {
  const auto source = open_shinka(database_of(bytes), "fuzz", std::chrono::seconds(2));
  if (!source) return;
  const auto choice = choose_programs(**source, ChooseOptions{});
  if (!choice) return;
  require(choice->programs.size() <= 20);
  for (std::size_t i = 0; i < choice->programs.size(); ++i) {
    const ChosenProgram& program = choice->programs[i];
    require(!program.parent || *program.parent < i);
    require(program.listing.correct);
    require(!program.text.code.empty() && program.text.code.size() <= kMaxCodeBytes);
    require(genesis::is_valid_utf8(program.text.code));
    require_usable(program.listing, program.text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.starts_with('{')) {
    const auto program = parse_openevolve_program(bytes);
    if (program) require_usable(program->listing, program->text);
  } else if (size > 0) {
    read_database(bytes);
  }
  return 0;
}
