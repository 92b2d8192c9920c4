#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
/// Lines without their terminators; a final newline makes no empty last line.
std::vector<std::string_view> split_lines(std::string_view text);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool starts_with_ignore_case(std::string_view text, std::string_view prefix);

/// The candidate nearest to `name` by edit distance, or empty when none is near (more than a third
/// of the letters differ). For "unknown key 'x', did you mean 'y'?".
std::string_view nearest_name(std::string_view name, std::span<const std::string> candidates);
/// ", did you mean 'y'?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

/// "HH:MM:SS", "MM:SS", "D-HH:MM:SS", "90", "1.5", "90s", "5m", "2h", "1d"; seconds are the unit of
/// plain numbers. Negative and non-finite values are refused.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "850 ms", "12.3 s", "4m05s", "2h03m", "3d04h".
std::string format_duration(std::chrono::milliseconds duration);

/// "8G", "512M", "100k", "1.5GiB", "4096": powers of 1024.
Result<std::uint64_t> parse_bytes(std::string_view text);
std::string format_bytes(std::uint64_t bytes);

bool is_valid_utf8(std::string_view text);
/// Invalid sequences become U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// The shortest text that reads back as exactly this double ("0.1", "1e-07", "2.0").
std::string shortest_double(double value);

}  // namespace genesis
