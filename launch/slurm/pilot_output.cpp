#include "launch/slurm/pilot_output.h"

#include <algorithm>
#include <charconv>

#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

constexpr std::int64_t kMostNumber = 1'000'000;

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = failure == std::errc() && end == text.data() + text.size();
  return all && value >= 0 && value <= kMostNumber ? std::optional(value) : std::nullopt;
}

bool is_letter_of_a_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

/// `count` fields; the last one has what is left, separators included.
std::vector<std::string_view> fields(std::string_view line, std::size_t count) {
  std::vector<std::string_view> found;
  while (found.size() + 1 < count) {
    const std::size_t end = line.find('|');
    if (end == std::string_view::npos) return {};
    found.push_back(line.substr(0, end));
    line.remove_prefix(end + 1);
  }
  found.push_back(line);
  return found;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_time_left(std::string_view text) {
  std::int64_t seconds = 0;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto days = number_of(text.substr(0, dash));
    if (!days) return std::nullopt;
    seconds = *days * 24;
    text.remove_prefix(dash + 1);
    if (std::count(text.begin(), text.end(), ':') != 2) return std::nullopt;
  }
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  bool first = true;
  for (const std::string_view part : parts) {
    const auto number = number_of(part);
    if (!number) return std::nullopt;
    // Days have become hours before the first part.
    seconds = (first ? seconds : seconds * 60) + *number;
    first = false;
  }
  return std::chrono::seconds{seconds};
}

std::vector<PilotRow> parse_pilot_queue(std::string_view output) {
  std::vector<PilotRow> rows;
  for (const std::string_view line : split_lines(output)) {
    const auto found = fields(trim(line), 6);
    if (found.size() != 6 || !is_job_id(found[0])) continue;
    PilotRow row;
    row.id = found[0];
    row.state = job_state_from(found[1]);
    row.reason = found[2];
    row.left = parse_time_left(found[3]);
    row.nodes = found[4];
    row.name = found[5];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<StepRow> parse_steps(std::string_view output, std::string_view id) {
  std::vector<StepRow> steps;
  for (const std::string_view line : split_lines(output)) {
    const auto found = fields(trim(line), 3);
    if (found.size() != 3) continue;
    std::string_view step = found[0];
    if (!step.starts_with(id) || step.size() <= id.size() || step[id.size()] != '.') continue;
    step.remove_prefix(id.size() + 1);
    if (!number_of(step)) continue;
    steps.push_back({std::string(step), std::string(found[2]), std::string(found[1])});
  }
  return steps;
}

std::vector<std::string> parse_node_names(std::string_view output) {
  std::vector<std::string> names;
  for (const std::string_view line : split_lines(output)) {
    const std::string_view name = trim(line);
    const bool plain = !name.empty() && name.size() < 256 && name.front() != '-' &&
                       name.front() != '.' &&
                       std::all_of(name.begin(), name.end(), is_letter_of_a_name);
    if (plain) names.emplace_back(name);
  }
  return names;
}

}  // namespace genesis::launch::slurm
