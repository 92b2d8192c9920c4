#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/net/http_wire.h"

/// What the headers of a download ask for and say. Pure.
namespace genesis::envd {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

enum class RangeKind { whole, part, unsatisfiable };

struct RangeChoice {
  RangeKind kind = RangeKind::whole;
  ByteRange range;
};

/// One range of "bytes=…"; several, or what is none, mean the whole file.
RangeChoice choose_range(std::string_view header, std::uint64_t size);

enum class Coding { identity, gzip, none_acceptable };

/// gzip where the client asks for nothing else: packing costs more than a local network saves, so
/// a list of what it could take ("gzip, deflate") is no wish.
Coding choose_coding(const std::string* accept_encoding, bool range_or_condition);

/// By the name's ending, else by the first bytes.
std::string content_type(std::string_view path, std::string_view first_bytes);
/// inline; filename="…", with the UTF-8 form where the name needs it.
std::string content_disposition(std::string_view name);
/// "Sat, 21 Nov 2026 21:12:21 GMT".
std::string http_date(std::time_t time);
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace genesis::envd
