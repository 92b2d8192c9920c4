#include "genesis/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>

namespace genesis {

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto at = text.find('\n');
    std::string_view line = text.substr(0, at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return lines;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

bool starts_with_ignore_case(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

namespace {

/// Levenshtein distance with adjacent transpositions counted as two edits.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > 200) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::string_view nearest = nearest_name(name, candidates);
  return nearest.empty() ? std::string() : fmt::format(", did you mean '{}'?", nearest);
}

namespace {

Result<double> parse_number(std::string_view text, std::string_view whole, std::string_view what) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0) {
    return make_error(ErrorKind::invalid_argument, fmt::format("'{}' is not {}", whole, what));
  }
  return value;
}

constexpr std::string_view kDurationForms =
    "a duration (seconds, or HH:MM:SS, or a number with s, m, h or d)";

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  text = trim(text);
  double seconds = 0;
  double days = 0;
  if (text.find(':') != std::string_view::npos) {
    const auto dash = text.find('-');
    if (dash != std::string_view::npos) {
      GENESIS_TRY_ASSIGN(days, parse_number(text.substr(0, dash), whole, kDurationForms));
      text.remove_prefix(dash + 1);
    }
    const auto fields = split(text, ':');
    if (fields.size() > 3) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("'{}' is not {}", whole, kDurationForms));
    }
    for (const std::string_view field : fields) {
      GENESIS_TRY_ASSIGN(const double part, parse_number(field, whole, kDurationForms));
      seconds = seconds * 60 + part;
    }
  } else {
    double unit = 1;
    if (text.ends_with("ms")) {
      unit = 0.001;
      text.remove_suffix(2);
    } else if (!text.empty()) {
      switch (text.back()) {
        case 's':
          unit = 1;
          break;
        case 'm':
          unit = 60;
          break;
        case 'h':
          unit = 3600;
          break;
        case 'd':
          unit = 86400;
          break;
        default:
          unit = 0;
          break;
      }
      if (unit != 0) text.remove_suffix(1);
      if (unit == 0) unit = 1;
    }
    GENESIS_TRY_ASSIGN(const double number, parse_number(trim(text), whole, kDurationForms));
    seconds = number * unit;
  }
  seconds += days * 86400;
  if (seconds > 1e11) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is longer than 3,000 years", whole));
  }
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const long long ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const long long s = ms / 1000;
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d{:02}h", s / 86400, s % 86400 / 3600);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  const std::string_view whole = text;
  text = trim(text);
  if (text.ends_with("iB")) text.remove_suffix(2);
  if (text.ends_with("B")) text.remove_suffix(1);
  double unit = 1;
  if (!text.empty()) {
    switch (std::toupper(static_cast<unsigned char>(text.back()))) {
      case 'K':
        unit = 0x1p10;
        break;
      case 'M':
        unit = 0x1p20;
        break;
      case 'G':
        unit = 0x1p30;
        break;
      case 'T':
        unit = 0x1p40;
        break;
      default:
        break;
    }
    if (unit != 1) text.remove_suffix(1);
  }
  GENESIS_TRY_ASSIGN(const double number,
                     parse_number(trim(text), whole, "a size (512M, 8G, bytes …)"));
  if (number * unit > 0x1p60) {
    return make_error(ErrorKind::invalid_argument, fmt::format("'{}' is over 1 EiB", whole));
  }
  return static_cast<std::uint64_t>(number * unit);
}

std::string format_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value < 0x1p10) return fmt::format("{} B", bytes);
  if (value < 0x1p20) return fmt::format("{:.1f} KiB", value / 0x1p10);
  if (value < 0x1p30) return fmt::format("{:.1f} MiB", value / 0x1p20);
  if (value < 0x1p40) return fmt::format("{:.1f} GiB", value / 0x1p30);
  return fmt::format("{:.1f} TiB", value / 0x1p40);
}

namespace {

/// Length of the valid UTF-8 sequence at the front of `text`, or 0.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t code = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    code = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    code = lead & 0x0F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    code = lead & 0x07;
  } else
    return 0;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      valid += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      valid += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return valid;
}

std::string shortest_double(double value) {
  char buffer[64];
  const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, failure == std::errc() ? end : buffer);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace genesis
