#include "genesis/cli/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "genesis/base/files.h"
#include "genesis/ui/console.h"
#include "genesis/ui/progress_text.h"

namespace genesis::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kColumns = 6;
using Cells = std::array<std::string, kColumns>;

json score_or_null(double score) {
  return std::isfinite(score) ? json(score) : json(nullptr);
}

json row_json(const SweepRow& row) {
  json object{{"number", row.number},
              {"overrides", row.overrides},
              {"output_dir", row.folder.string()},
              {"status", row.status},
              {"reason", nullptr},
              {"message", row.message.empty() ? json(nullptr) : json(row.message)},
              {"run_id", nullptr},
              {"best", nullptr},
              {"generations", 0},
              {"target_generations", nullptr},
              {"evaluations", 0},
              {"wall_seconds", nullptr}};
  if (!row.report) return object;
  const json run = to_json(*row.report);
  for (const char* key : {"reason", "run_id", "best", "generations", "target_generations",
                          "evaluations", "wall_seconds"}) {
    object[key] = run.at(key);
  }
  return object;
}

/// The row with the highest best score; null when none has one.
const SweepRow* best_row(const std::vector<SweepRow>& rows) {
  const SweepRow* best = nullptr;
  for (const SweepRow& row : rows) {
    if (!row.report || !row.report->best) continue;
    if (best == nullptr || row.report->best->score > best->report->best->score) best = &row;
  }
  return best;
}

std::map<std::string, int> counts_of(const std::vector<SweepRow>& rows) {
  std::map<std::string, int> counts;
  for (const SweepRow& row : rows) ++counts[row.status];
  return counts;
}

std::string words_of(std::string status) {
  std::replace(status.begin(), status.end(), '_', ' ');
  return status;
}

Cells cells_of(const SweepRow& row) {
  Cells cells{std::to_string(row.number), printable(row.title),  "-", "-",
              words_of(row.status),       short_path(row.folder)};
  if (!row.report) return cells;
  if (row.report->best) cells[2] = format_score(row.report->best->score);
  cells[3] = std::to_string(row.report->generations);
  if (row.report->target_generations) {
    cells[3] += fmt::format("/{}", *row.report->target_generations);
  }
  const std::string& reason = row.report->reason;
  if (!reason.empty() && reason != row.status) cells[4] += fmt::format(" ({})", words_of(reason));
  return cells;
}

/// What tells the jobs apart may be long: it gives way first.
std::string table(const std::vector<Cells>& rows, int width) {
  std::array<std::size_t, kColumns> widths{};
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  constexpr std::size_t kTitle = 1;
  constexpr std::size_t kLeastTitle = 20;
  std::size_t total = 2 * kColumns;
  for (const std::size_t one : widths) total += one;
  const auto room = static_cast<std::size_t>(std::max(width, 40));
  if (total > room && widths[kTitle] > kLeastTitle) {
    widths[kTitle] -= std::min(total - room, widths[kTitle] - kLeastTitle);
  }
  std::string text;
  for (const Cells& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::string cell = elide_middle(row[i], static_cast<int>(widths[i]));
      const bool number = i == 0 || i == 2 || i == 3;
      line += number ? fmt::format(" {:>{}} ", cell, widths[i])
                     : fmt::format(" {:<{}} ", cell, widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

SweepReport::SweepReport(fs::path folder, std::vector<std::string> arguments, bool share_pool)
    : folder_(std::move(folder)), arguments_(std::move(arguments)), share_pool_(share_pool) {}

void SweepReport::read_run(SweepRow& row, const std::string& message) {
  row.message = message;
  auto reader = open_reader(row.folder);
  if (!reader) return refuse(row, reader.error());
  auto report = read_report(row.folder, **reader);
  if (!report) return refuse(row, report.error());
  row.status = report->status;
  row.report = std::move(*report);
}

void SweepReport::refuse(SweepRow& row, const Error& error) {
  row.status = error.kind == ErrorKind::conflict ? "conflict" : "failed";
  row.message = error.message;
}

Status SweepReport::write(bool ended) const {
  const json state = to_json(*this, ended);
  return write_file_atomic(folder_ / "sweep.json",
                           state.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

ExitCode SweepReport::exit_code() const {
  const auto any = [this](std::initializer_list<const char*> statuses) {
    return std::any_of(rows_.begin(), rows_.end(), [&](const SweepRow& row) {
      return std::find(statuses.begin(), statuses.end(), row.status) != statuses.end();
    });
  };
  if (any({"failed", "seed_failed", "error"})) return ExitCode::failed;
  if (any({"conflict"})) return ExitCode::conflict;
  if (any({"interrupted", "aborted", "not_started", "running"})) return ExitCode::interrupted;
  return ExitCode::ok;
}

json to_json(const SweepReport& report, bool ended) {
  json jobs = json::array();
  for (const SweepRow& row : report.rows_) jobs.push_back(row_json(row));
  json best = nullptr;
  if (const SweepRow* row = best_row(report.rows_)) {
    best = {
        {"job", row->number},
        {"overrides", row->overrides},
        {"combined_score", score_or_null(row->report->best->score)},
        {"generation", row->report->best->generation},
        {"path", row->report->best_path.empty() ? json(nullptr) : json(row->report->best_path)}};
  }
  const bool resumable = report.exit_code() == ExitCode::interrupted;
  return {{"version", 1},
          {"sweep_dir", report.folder_.string()},
          {"arguments", report.arguments_},
          {"share_pool", report.share_pool_},
          {"status", !ended      ? "running"
                     : resumable ? "interrupted"
                                 : "finished"},
          {"counts", counts_of(report.rows_)},
          {"best", best},
          {"jobs", jobs}};
}

std::string to_text(const SweepReport& report, int width) {
  std::vector<Cells> cells{{"job", "sweep", "best", "generations", "outcome", "folder"}};
  for (const SweepRow& row : report.rows_) cells.push_back(cells_of(row));
  std::string counts;
  for (const auto& [status, count] : counts_of(report.rows_)) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, words_of(status));
  }
  const std::string folder = short_path(report.folder_);
  std::string text = fmt::format("\nSweep of {} job{} in {}: {}\n\n", report.rows_.size(),
                                 report.rows_.size() == 1 ? "" : "s", folder, counts);
  text += table(cells, width) + "\n";
  for (const SweepRow& row : report.rows_) {
    if (row.message.empty()) continue;
    text += fmt::format("  job {} ({}): {}\n", row.number, printable(row.title),
                        printable(row.message, true));
  }
  if (const SweepRow* best = best_row(report.rows_)) {
    text += fmt::format("  {:<9} {} by job {} ({}), generation {}\n", "best",
                        format_score(best->report->best->score), best->number,
                        printable(best->title), best->report->best->generation);
    if (!best->report->best_path.empty()) {
      text += fmt::format("  {:<9} {}\n", "program", short_path(best->report->best_path));
    }
  }
  const bool all_finished = report.exit_code() == ExitCode::ok;
  text += all_finished ? fmt::format("  {:<9} genesis runs {}\n", "next", folder)
                       : fmt::format(
                             "  {:<9} the same command takes up what is not finished (with "
                             "output_dir={} if it does not say so)\n",
                             "next", folder);
  return text;
}

}  // namespace genesis::cli
