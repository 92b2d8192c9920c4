// What the launcher asks of SLURM, and what it makes of the answers.
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "genesis/base/clock.h"
#include "genesis/base/failpoint.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/slurm/job_files.h"
#include "launch/slurm/slurm_listing.h"
#include "launch/slurm/works.h"

namespace genesis::launch::slurm {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

/// "CANCELLED by 1000": people know the name.
std::string with_user_name(const std::string& state) {
  constexpr std::string_view kBy = "CANCELLED by ";
  if (!state.starts_with(kBy)) return state;
  uid_t user = 0;
  const char* const last = state.data() + state.size();
  const auto [end, failure] = std::from_chars(state.data() + kBy.size(), last, user);
  const passwd* entry = failure == std::errc() && end == last ? ::getpwuid(user) : nullptr;
  return entry == nullptr ? state : std::string(kBy) + entry->pw_name;
}

std::string time_of_day() {
  char buffer[32];
  return std::string(utc_timestamp(SystemClock().unix_millis(), buffer));
}

}  // namespace

void Works::begin(const std::string& mark) {
  const JobSpec& spec = jobs_.at(mark).spec;
  const auto script = write_job(spec, options_, places_, shape_);
  if (!script) {
    CommandFailure failure;
    failure.text = script.error().message;
    tracker_.not_submitted(mark, failure, Clock::now());
    return pump();
  }
  failpoint("slurm.before_sbatch");
  client_.run(sbatch_command(spec, options_, prefix_ + mark, *script),
              then([mark](Works& self, const CommandEnd& end) { self.submit_ended(mark, end); }));
}

/// What sbatch's answer means where it gave no id.
CommandFailure Works::submit_failure(const CommandEnd& end) {
  CommandFailure failure = failure_of("sbatch", end);
  if (end.succeeded()) {
    // Taken, as it seems, under an id that cannot be read: its name tells.
    failure.kind = FailureKind::unreachable;
    failure.text = "sbatch printed no job id: " + failure.text;
  } else if (failure.kind == FailureKind::unreachable) {
    tracker_.unreachable(failure.text, time_of_day(), Clock::now());
  } else if (failure.kind != FailureKind::busy) {
    failure.kind = FailureKind::refused;
  }
  return failure;
}

void Works::submit_ended(const std::string& mark, const CommandEnd& end) {
  failpoint("slurm.after_sbatch");
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  if (id) return tracker_.submitted(mark, *id, Clock::now());
  tracker_.not_submitted(mark, submit_failure(end), Clock::now());
}

/// Which task is which job is written before sbatch is asked: whoever comes after a crash reads it.
void Works::begin_array(const SubmitArray& array) {
  std::vector<fs::path> work_dirs;
  std::string marks;
  const auto refuse = [&](const Error& error) {
    CommandFailure failure;
    failure.text = error.message;
    tracker_.array_not_submitted(array.group, failure, Clock::now());
    pump();
  };
  for (const std::string& mark : array.marks) {
    const JobSpec& spec = jobs_.at(mark).spec;
    if (const auto written = write_job(spec, options_, places_, shape_); !written) {
      return refuse(written.error());
    }
    work_dirs.push_back(spec.work_dir);
    marks += mark + "\n";
  }
  const fs::path script = places_.arrays() / (array.group + ".sh");
  Status written = write_file(script, array_script(work_dirs));
  if (written) {
    written =
        write_file_atomic(places_.arrays() / (array.group + ".marks"), marks, Durability::power);
  }
  if (!written) return refuse(written.error());
  failpoint("slurm.before_sbatch");
  client_.run(sbatch_array_command(jobs_.at(array.marks.front()).spec, options_,
                                   prefix_ + array.group, script, array.marks.size()),
              then([group = array.group](Works& self, const CommandEnd& end) {
                self.array_ended(group, end);
              }));
}

void Works::array_ended(const std::string& group, const CommandEnd& end) {
  failpoint("slurm.after_sbatch");
  const auto id = end.succeeded() ? parse_sbatch_id(end.output) : std::nullopt;
  // SLURM has a copy of its own, or does not want it.
  std::error_code ignored;
  fs::remove(places_.arrays() / (group + ".sh"), ignored);
  if (id) return tracker_.array_submitted(group, *id, Clock::now());
  tracker_.array_not_submitted(group, submit_failure(end), Clock::now());
}

/// Arrays of an earlier runner.
void Works::find_arrays() {
  std::error_code failure;
  for (fs::directory_iterator entry(places_.arrays(), failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() != ".marks") continue;
    const auto text = read_file(entry->path(), 1u << 20, false);
    if (!text) continue;
    std::vector<std::string> marks;
    for (const std::string_view line : split_lines(*text)) marks.emplace_back(line);
    tracker_.know_array(entry->path().stem().string(), std::move(marks));
  }
}

/// How large an array may be here. None is submitted before that is known.
void Works::ask_site() {
  client_.run({"scontrol", "show", "config"}, then([](Works& self, const CommandEnd& end) {
                const auto site = end.succeeded() ? parse_site_config(end.output) : std::nullopt;
                const bool away = !end.succeeded() &&
                                  failure_of("scontrol", end).kind == FailureKind::unreachable;
                if (!away) {
                  return self.tracker_.arrays_known(site ? site->max_array_size : std::nullopt);
                }
                self.site_timer_.expires_after(std::chrono::seconds{2});
                self.site_timer_.async_wait(
                    [weak = self.weak_from_this()](const boost::system::error_code& stopped) {
                      const auto woken = weak.lock();
                      if (woken && !stopped && !woken->closed_) woken->ask_site();
                    });
              }));
}

void Works::ask_queue() {
  const auto asked = Clock::now();
  client_.run({"squeue", "--noheader", "--array", "--states=all", "--user=" + user_name(),
               std::string("--format=") + kQueueFormat},
              then([asked](Works& self, const CommandEnd& end) {
                if (end.succeeded()) {
                  self.tracker_.queue_seen(parse_queue(end.output), asked, Clock::now());
                } else {
                  self.tracker_.unreachable(failure_of("squeue", end).text, time_of_day(),
                                            Clock::now());
                }
              }));
}

void Works::ask_scontrol(const std::string& mark, const std::string& id) {
  client_.run({"scontrol", "--oneliner", "show", "job", id},
              then([mark, id](Works& self, const CommandEnd& end) {
                const auto report =
                    end.succeeded() ? parse_scontrol_job(end.output, id) : std::nullopt;
                // By whom it was cancelled only the accounting says.
                const bool whole = report && report->state != JobState::cancelled;
                if (whole) return self.tracker_.job_seen(mark, report, Clock::now());
                if (report) return self.ask_sacct(mark, id, report);
                const CommandFailure failure = failure_of("scontrol", end);
                if (!end.succeeded() && failure.kind == FailureKind::unreachable) {
                  self.tracker_.job_not_asked(mark, Clock::now());
                  return self.tracker_.unreachable(failure.text, time_of_day(), Clock::now());
                }
                self.ask_sacct(mark, id, std::nullopt);
              }));
}

/// Its failure is silence: there may be no accounting, or none that answers. `known`: what scontrol
/// said.
void Works::ask_sacct(const std::string& mark, const std::string& id,
                      std::optional<JobReport> known) {
  client_.run({"sacct", "--noheader", "--parsable2", "--allocations", "--jobs=" + id,
               std::string("--format=") + kAccountingFields},
              then([mark, id, known](Works& self, const CommandEnd& end) {
                auto report = end.succeeded() ? parse_sacct_job(end.output, id) : std::nullopt;
                if (report) report->state_name = with_user_name(report->state_name);
                const bool told = report && has_ended(report->state);
                if (known && told) {
                  report->reason = known->reason;
                  report->seconds = known->seconds;
                }
                if (known && !told) {
                  report = known;
                  report->is_final = !end.succeeded();
                }
                self.tracker_.job_seen(mark, report, Clock::now());
              }));
}

void Works::cancel_jobs(std::vector<std::string> ids) {
  std::vector<std::string> words{"scancel"};
  words.insert(words.end(), ids.begin(), ids.end());
  look_soon();
  client_.run(std::move(words), then([ids](Works& self, const CommandEnd& end) {
                if (end.succeeded()) return;
                const CommandFailure failure = failure_of("scancel", end);
                if (failure.kind != FailureKind::unreachable) return;  // It had ended.
                self.tracker_.cancel_failed(ids);
                self.tracker_.unreachable(failure.text, time_of_day(), Clock::now());
              }));
}

}  // namespace genesis::launch::slurm
