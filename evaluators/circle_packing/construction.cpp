#include "evaluators/circle_packing/construction.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "genesis/base/text.h"

namespace genesis::circle_packing {
namespace {

constexpr std::size_t kMaxBytes = 16u << 20;

/// Decimal or 0x… hexadecimal, the whole text.
std::optional<double> number_from(std::string_view text) {
  text = trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  const bool hexadecimal = starts_with_ignore_case(text, "0x");
  if (hexadecimal) text.remove_prefix(2);
  if (text.empty() || text.front() == '-') return std::nullopt;
  double value = 0;
  const auto format = hexadecimal ? std::chars_format::hex : std::chars_format::general;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? -value : value;
}

Result<double> number_of(const nlohmann::json& value, std::string_view where) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string())
    if (const auto number = number_from(value.get_ref<const std::string&>())) return *number;
  return make_error(ErrorKind::parse, fmt::format("{} is not a number", where));
}

Result<std::vector<Circle>> from_circles(const nlohmann::json& list) {
  std::vector<Circle> circles;
  for (const auto& item : list) {
    const std::string where = fmt::format("circle {}", circles.size());
    if (!item.is_object() || !item.contains("x") || !item.contains("y") || !item.contains("r"))
      return make_error(ErrorKind::parse, where + " has no x, y and r");
    Circle circle;
    GENESIS_TRY_ASSIGN(circle.x, number_of(item["x"], where + "'s x"));
    GENESIS_TRY_ASSIGN(circle.y, number_of(item["y"], where + "'s y"));
    GENESIS_TRY_ASSIGN(circle.r, number_of(item["r"], where + "'s r"));
    circles.push_back(circle);
  }
  return circles;
}

Result<std::vector<Circle>> from_centers(const nlohmann::json& centers,
                                         const nlohmann::json& radii) {
  if (!centers.is_array() || !radii.is_array() || centers.size() != radii.size())
    return make_error(ErrorKind::parse, "'centers' and 'radii' must be lists of one length");
  std::vector<Circle> circles;
  for (std::size_t i = 0; i < radii.size(); ++i) {
    const std::string where = fmt::format("circle {}", i);
    if (!centers[i].is_array() || centers[i].size() != 2)
      return make_error(ErrorKind::parse, where + "'s center is not a pair");
    Circle circle;
    GENESIS_TRY_ASSIGN(circle.x, number_of(centers[i][0], where + "'s x"));
    GENESIS_TRY_ASSIGN(circle.y, number_of(centers[i][1], where + "'s y"));
    GENESIS_TRY_ASSIGN(circle.r, number_of(radii[i], where + "'s radius"));
    circles.push_back(circle);
  }
  return circles;
}

/// Stops at containers deeper than a construction has, before they cost stack.
Result<nlohmann::json> parse_json(std::string_view content) {
  bool too_deep = false;
  auto value = nlohmann::json::parse(
      content.begin(), content.end(),
      [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        too_deep = too_deep || depth > 8;
        return !too_deep;
      },
      /*allow_exceptions=*/false);
  if (value.is_discarded() || too_deep)
    return make_error(ErrorKind::parse, "not valid JSON, or nested too deep");
  return value;
}

Result<std::vector<Circle>> parse_json_construction(std::string_view content) {
  GENESIS_TRY_ASSIGN(const auto document, parse_json(content));
  if (document.is_object() && document.contains("circles") && document["circles"].is_array())
    return from_circles(document["circles"]);
  if (document.is_object() && document.contains("centers") && document.contains("radii"))
    return from_centers(document["centers"], document["radii"]);
  return make_error(ErrorKind::parse, "neither 'circles' nor 'centers' and 'radii' are there");
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  constexpr std::string_view kSeparators = ",; \t\r";
  while (true) {
    const auto start = line.find_first_not_of(kSeparators);
    if (start == std::string_view::npos) return fields;
    line.remove_prefix(start);
    const auto end = std::min(line.find_first_of(kSeparators), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

Result<std::vector<Circle>> parse_text(std::string_view content) {
  std::vector<Circle> circles;
  std::size_t line_number = 0;
  bool header_allowed = true;
  for (const auto line : split_lines(content)) {
    ++line_number;
    const auto fields = fields_of(line.substr(0, line.find('#')));
    if (fields.empty()) continue;
    std::optional<double> numbers[3];
    for (std::size_t i = 0; i < fields.size() && i < 3; ++i) numbers[i] = number_from(fields[i]);
    if (fields.size() == 3 && numbers[0] && numbers[1] && numbers[2]) {
      circles.push_back({*numbers[0], *numbers[1], *numbers[2]});
    } else if (!header_allowed || numbers[0]) {
      return make_error(ErrorKind::parse,
                        fmt::format("line {} is not three numbers x, y, r", line_number));
    }
    header_allowed = false;
  }
  return circles;
}

Result<std::vector<Circle>> parse_by_content(std::string_view content) {
  if (content.substr(0, 2) == "PK") return parse_npz(content);
  const auto first = trim(content.substr(0, 4096));
  if (!first.empty() && (first.front() == '{' || first.front() == '['))
    return parse_json_construction(content);
  return parse_text(content);
}

}  // namespace

Result<std::vector<Circle>> parse_construction(std::string_view content, std::string_view name) {
  auto circles = parse_by_content(content);
  if (circles && circles->empty()) circles = make_error(ErrorKind::parse, "no circles are in it");
  if (!circles)
    return tl::unexpected<Error>(
        std::move(circles.error())
            .with_context(fmt::format("reading the construction '{}'", name)));
  return circles;
}

Result<std::vector<Circle>> read_construction(const fs::path& path) {
  GENESIS_TRY_ASSIGN(const auto content, read_file(path, kMaxBytes));
  return parse_construction(content, path.string());
}

}  // namespace genesis::circle_packing
