#include "launch/e2b/job_wrapper.h"

#include <algorithm>
#include <charconv>

#include "genesis/base/text.h"

namespace genesis::launch::e2b {

namespace {

using std::chrono::milliseconds;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string SandboxPlaces::filled(std::string_view text) const {
  std::string result;
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find('{'), text.size());
    result += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.empty()) break;
    const auto replace = [&](std::string_view name, const std::string& value) {
      if (!text.starts_with(name)) return false;
      result += value;
      text.remove_prefix(name.size());
      return true;
    };
    if (replace("{work}", work()) || replace("{results}", results()) ||
        replace("{shared}", shared()))
      continue;
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

std::vector<std::string> wrapped_command(const JobSpec& spec, const SandboxPlaces& places,
                                         const std::string& cwd) {
  const milliseconds limit = spec.limits.wall_time.value_or(milliseconds{0});
  std::vector<std::string> argv{"/bin/sh",
                                places.shared() + "/run_job.sh",
                                places.folder(),
                                places.mark(),
                                shell_seconds(limit),
                                shell_seconds(spec.limits.kill_grace),
                                std::to_string(kLogBytes),
                                std::to_string(kInlineBytes),
                                cwd.empty() ? places.work() : places.filled(cwd),
                                ulimits_of(spec.limits)};
  for (const std::string& word : spec.argv) argv.push_back(places.filled(word));
  return argv;
}

std::optional<WrapperAnswer> parse_answer(std::string_view output) {
  const std::size_t line = output.find('\n');
  if (line == std::string_view::npos) return std::nullopt;
  auto record = parse_exit_record(output.substr(0, line));
  if (!record) return std::nullopt;
  WrapperAnswer answer;
  answer.record = std::move(*record);
  output.remove_prefix(line + 1);
  while (output.starts_with("file ")) {
    const std::size_t end = output.find('\n');
    if (end == std::string_view::npos) break;
    const auto words = split(output.substr(0, end), ' ');
    const auto size = words.size() == 3 ? number_in(words[1]) : std::nullopt;
    if (!size || *size > kInlineBytes || output.size() - end - 1 < *size + 1) break;
    std::string name(words[2]);
    if (is_result_name(name)) answer.files.insert_or_assign(name, output.substr(end + 1, *size));
    output.remove_prefix(end + 1 + *size + 1);
  }
  return answer;
}

}  // namespace genesis::launch::e2b
