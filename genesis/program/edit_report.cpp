#include "genesis/program/edit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "genesis/base/text.h"
#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

constexpr std::size_t kMaxLine = 160;
constexpr std::size_t kMaxShownLines = 24;

std::vector<std::string_view> right_trimmed(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> out;
  for (const std::string_view line : lines) {
    const auto last = line.find_last_not_of(" \t\r\n");
    out.push_back(last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1));
  }
  return out;
}

/// Writes lines with a sign each; of equal ones only those beside a change.
class DifferenceText {
 public:
  explicit DifferenceText(std::string_view lead) : lead_(lead) {}

  void changed(char sign, std::string_view line) { add(sign, clipped_line(line)); }
  /// Equal lines [begin, end) between changes; at the text's ends only one side has a neighbour.
  void equal(const std::vector<std::string_view>& lines, std::size_t begin, std::size_t end) {
    const std::size_t head = begin == 0 ? 0 : 1;
    const std::size_t tail = end == lines.size() ? 0 : 1;
    const bool all = end - begin <= head + tail + 1;
    for (std::size_t i = begin; i < end; ++i) {
      if (all || i < begin + head || i + tail >= end) {
        add(' ', clipped_line(lines[i]));
      } else {
        add(' ', fmt::format("… {} lines alike", end - begin - head - tail));
        i = end - tail - 1;
      }
    }
  }
  std::string take() {
    if (left_out_ > 0) out_ += fmt::format("{} … {} more lines\n", lead_, left_out_);
    return std::move(out_);
  }

 private:
  void add(char sign, std::string_view line) {
    if (shown_ == kMaxShownLines) {
      ++left_out_;
      return;
    }
    ++shown_;
    out_ += fmt::format("{}{}{}\n", lead_, sign, line);
  }

  std::string_view lead_;
  std::string out_;
  std::size_t shown_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string_view to_string(HunkStep step) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "exact", "whitespace", "indentation", "fuzzy", "insertion", "rewrite", "created", "deleted"};
  return kNames[static_cast<std::size_t>(step)];
}

std::string clipped_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.size() <= kMaxLine) return std::string(line);
  return fmt::format("{}… ({} bytes)", line.substr(0, kMaxLine), line.size());
}

std::string short_difference(const std::vector<std::string_view>& yours,
                             const std::vector<std::string_view>& programs, std::string_view lead) {
  const auto a = right_trimmed(yours);
  const auto b = right_trimmed(programs);
  DifferenceText text(lead);
  std::size_t at = 0;
  for (const ChangedRun& run : diff_lines(a, b)) {
    text.equal(a, at, run.a_begin);
    for (std::size_t i = run.a_begin; i < run.a_end; ++i) text.changed('-', a[i]);
    for (std::size_t j = run.b_begin; j < run.b_end; ++j) text.changed('+', b[j]);
    at = run.a_end;
  }
  text.equal(a, at, a.size());
  return text.take();
}

std::string describe_hunks(const std::vector<HunkReport>& hunks) {
  std::string out;
  for (const HunkReport& hunk : hunks) {
    out += hunk.file;
    if (hunk.last_line > hunk.first_line) {
      out += fmt::format(", lines {}-{}", hunk.first_line, hunk.last_line);
    } else if (hunk.first_line > 0) {
      out += fmt::format(", {}line {}", hunk.last_line < hunk.first_line ? "before " : "",
                         hunk.first_line);
    }
    out += fmt::format(": {}", to_string(hunk.step));
    if (hunk.step == HunkStep::fuzzy) {
      out += fmt::format(" ({:.0f} % alike)", std::floor(hunk.similarity * 100));
    }
    out += '\n';
    for (const std::string_view line : split_lines(hunk.difference)) {
      out += fmt::format("  {}\n", line);
    }
  }
  return to_valid_utf8(out);
}

}  // namespace genesis
