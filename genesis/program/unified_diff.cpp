#include "genesis/program/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "genesis/program/line_diff.h"

namespace genesis {

namespace {

using Lines = std::vector<std::string_view>;

constexpr std::string_view kNowhere = "/dev/null";

void append_line(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (line.empty() || line.back() != '\n') out += "\n\\ No newline at end of file\n";
}

/// "12,3", "12" for one line; an empty range names the line before it.
std::string range_text(std::size_t begin, std::size_t count) {
  if (count == 1) return fmt::format("{}", begin + 1);
  return fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
}

/// Runs [first, last) with the context around them as one hunk.
void append_hunk(std::string& out, const Lines& a, const Lines& b, const ChangedRun* first,
                 const ChangedRun* last, std::size_t context) {
  const std::size_t lead = std::min(context, first->a_begin);
  const std::size_t tail = std::min(context, a.size() - (last - 1)->a_end);
  const std::size_t a_begin = first->a_begin - lead;
  const std::size_t b_begin = first->b_begin - lead;
  out += fmt::format("@@ -{} +{} @@\n", range_text(a_begin, (last - 1)->a_end + tail - a_begin),
                     range_text(b_begin, (last - 1)->b_end + tail - b_begin));
  std::size_t at = a_begin;
  for (const ChangedRun* run = first; run != last; ++run) {
    for (; at < run->a_begin; ++at) append_line(out, ' ', a[at]);
    for (; at < run->a_end; ++at) append_line(out, '-', a[at]);
    for (std::size_t j = run->b_begin; j < run->b_end; ++j) append_line(out, '+', b[j]);
  }
  for (const std::size_t end = at + tail; at < end; ++at) append_line(out, ' ', a[at]);
}

void append_hunks(std::string& out, const Lines& a, const Lines& b,
                  const std::vector<ChangedRun>& runs, std::size_t context) {
  context = std::min(context, a.size());
  const ChangedRun* first = runs.data();
  const ChangedRun* const end = first + runs.size();
  while (first != end) {
    const ChangedRun* last = first + 1;
    while (last != end && last->a_begin - (last - 1)->a_end <= 2 * context) ++last;
    append_hunk(out, a, b, first, last, context);
    first = last;
  }
}

void count_lines(FileDiffSummary& summary, const std::vector<ChangedRun>& runs) {
  for (const ChangedRun& run : runs) {
    const std::size_t removed = run.a_end - run.a_begin;
    const std::size_t added = run.b_end - run.b_begin;
    const std::size_t modified = std::min(removed, added);
    summary.modified += modified;
    summary.added += added - modified;
    summary.deleted += removed - modified;
  }
}

void append_file(Difference& difference, const SourceFile* before, const SourceFile* after,
                 std::size_t context) {
  if (before != nullptr && after != nullptr && before->text == after->text) return;
  const std::string& path = before != nullptr ? before->path : after->path;
  const Lines a = lines_with_ends(before != nullptr ? std::string_view(before->text) : "");
  const Lines b = lines_with_ends(after != nullptr ? std::string_view(after->text) : "");
  const std::vector<ChangedRun> runs = diff_lines(a, b);
  difference.text +=
      fmt::format("--- {}\n+++ {}\n", before != nullptr ? "a/" + path : std::string(kNowhere),
                  after != nullptr ? "b/" + path : std::string(kNowhere));
  append_hunks(difference.text, a, b, runs, context);
  FileDiffSummary file;
  file.path = path;
  count_lines(file, runs);
  DiffSummary& summary = difference.summary;
  summary.added += file.added;
  summary.deleted += file.deleted;
  summary.modified += file.modified;
  summary.files.push_back(std::move(file));
}

}  // namespace

Difference diff_programs(const Program& before, const Program& after, std::size_t context) {
  Difference difference;
  auto a = before.files().begin();
  auto b = after.files().begin();
  while (a != before.files().end() || b != after.files().end()) {
    const bool only_a =
        b == after.files().end() || (a != before.files().end() && a->path < b->path);
    const bool only_b = !only_a && (a == before.files().end() || b->path < a->path);
    append_file(difference, only_b ? nullptr : &*a, only_a ? nullptr : &*b, context);
    if (!only_b) ++a;
    if (!only_a) ++b;
  }
  return difference;
}

Difference diff_texts(std::string_view path, std::string_view before, std::string_view after,
                      std::size_t context) {
  const SourceFile a{std::string(path), std::string(before)};
  const SourceFile b{std::string(path), std::string(after)};
  Difference difference;
  append_file(difference, &a, &b, context);
  return difference;
}

}  // namespace genesis
