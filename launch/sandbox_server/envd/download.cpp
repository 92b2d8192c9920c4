#include "launch/sandbox_server/envd/download.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "genesis/base/text.h"

namespace genesis::envd {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

struct Accepted {
  std::string_view coding;
  bool refused = false;  ///< q=0.
};

Accepted parse_coding(std::string_view item) {
  Accepted accepted;
  const auto parts = split(item, ';');
  accepted.coding = trim(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view parameter = trim(parts[i]);
    if (!starts_with_ignore_case(parameter, "q=")) continue;
    const std::string_view value = parameter.substr(2);
    accepted.refused = !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
  }
  return accepted;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTypes = {{
    {".txt", "text/plain; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".xml", "text/xml; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
}};

bool is_text(std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control =
        byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != 0x1b;
    if (control || byte == 0x7f) return false;
  }
  return true;
}

}  // namespace

RangeChoice choose_range(std::string_view header, std::uint64_t size) {
  RangeChoice choice;
  if (!header.starts_with("bytes=")) return choice;
  const std::string_view spec = trim(header.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return choice;
  const auto first = number(trim(spec.substr(0, dash)));
  const auto last = number(trim(spec.substr(dash + 1)));
  if (!first && !last) return choice;
  if (first && last && *last < *first) return choice;
  choice.kind = RangeKind::part;
  if (!first) {  // The last so many bytes.
    const std::uint64_t length = std::min(*last, size);
    choice.range = ByteRange{size - length, length};
  } else if (*first < size) {
    const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
    choice.range = ByteRange{*first, end - *first + 1};
  }
  if (choice.range.length == 0) choice.kind = RangeKind::unsatisfiable;
  return choice;
}

Coding choose_coding(const std::string* accept_encoding, bool range_or_condition) {
  if (accept_encoding == nullptr) return Coding::identity;
  bool gzip = false;
  bool others = false;
  bool identity_refused = false;
  for (const std::string_view item : split(*accept_encoding, ',')) {
    if (trim(item).empty()) continue;
    const Accepted accepted = parse_coding(item);
    const bool star = accepted.coding == "*";
    if (accepted.refused) {
      identity_refused = identity_refused || star || accepted.coding == "identity";
    } else if (accepted.coding == "gzip" || (star && !others)) {
      gzip = gzip || !star;
      others = others || star;
    } else {
      others = true;
      if (accepted.coding == "identity") identity_refused = false;
    }
  }
  if (identity_refused) return gzip ? Coding::gzip : Coding::none_acceptable;
  return gzip && !others && !range_or_condition ? Coding::gzip : Coding::identity;
}

std::string content_type(std::string_view path, std::string_view first_bytes) {
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return std::string(type);
  }
  return is_text(first_bytes) ? "text/plain; charset=utf-8" : "application/octet-stream";
}

std::string content_disposition(std::string_view name) {
  std::string plain;
  std::string encoded;
  bool needs_encoding = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool simple = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') || c == '.' || c == '-' || c == '_';
    const bool printable = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
    plain += printable ? c : '_';
    needs_encoding = needs_encoding || !printable;
    if (simple) {
      encoded += c;
    } else {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  std::string header = "inline; filename=\"" + plain + "\"";
  if (needs_encoding) header += "; filename*=UTF-8''" + encoded;
  return header;
}

std::string http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, length);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

}  // namespace genesis::envd
