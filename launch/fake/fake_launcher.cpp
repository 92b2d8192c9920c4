#include "launch/fake/fake_launcher.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/log.h"
#include "genesis/base/option_reader.h"
#include "launch/event_outbox.h"
#include "launch/fake/fake_machine.h"
#include "launch/fake/toy_score.h"

namespace genesis::launch {

namespace {

using std::chrono::milliseconds;

constexpr std::uintmax_t kLargestProgram = 64 << 20;

/// "{work}/main.py" → "main.py"; other paths as they are.
std::string below_work(const std::string& path) {
  constexpr std::string_view kWork = "{work}/";
  return path.starts_with(kWork) ? path.substr(kWork.size()) : path;
}

Result<std::string> text_of(const InputFile& input) {
  if (input.copy_of) return read_file(*input.copy_of, kLargestProgram);
  return input.content;
}

Result<std::string> program_text(const JobSpec& spec) {
  std::string wanted;
  for (std::size_t index = 0; index + 1 < spec.argv.size(); ++index) {
    if (spec.argv[index] == "--program_path") wanted = below_work(spec.argv[index + 1]);
  }
  for (const InputFile& input : spec.inputs) {
    if (!wanted.empty() && input.path == wanted) return text_of(input);
  }
  if (!wanted.empty()) {
    const auto path = spec.work_dir / wanted;  // An absolute `wanted` stays what it is.
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) return read_file(path, kLargestProgram);
  }
  if (!spec.inputs.empty()) return text_of(spec.inputs.front());
  return make_error(ErrorKind::not_found, "the job names no program: no inputs, no --program_path");
}

Status write_folder(const std::filesystem::path& folder,
                    const std::map<std::string, std::string>& files) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return errno_error("create the folder", folder.string(), error.value());
  for (const auto& [name, text] : files) GENESIS_TRY(write_file_atomic(folder / name, text));
  return {};
}

class FakeLauncher final : public Launcher {
 public:
  FakeLauncher(const LauncherContext& context, FakeOptions options,
               std::unique_ptr<Scheduler> scheduler)
      : io_(*context.io),
        options_(std::move(options)),
        machine_(options_, context.max_parallel_jobs, context.seed),
        scheduler_(scheduler ? std::move(scheduler) : make_asio_scheduler(*context.io)) {}

  std::string_view name() const override { return "fake"; }
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.survives_runner = options_.reattach != FakeReattach::gone;
    capabilities.effects_outside_machine = options_.effects_outside_machine;
    capabilities.prepares_ahead = options_.prepares_ahead;
    return capabilities;
  }

  Status open(EventSink sink) override {
    if (outbox_) return make_error(ErrorKind::invalid_argument, "fake: open was called twice");
    outbox_ = std::make_unique<EventOutbox>(io_, std::move(sink));
    carry_out(machine_.open());
    return {};
  }

  void submit(JobSpec spec) override {
    if (!is_open("submit", spec.token)) return;
    const auto before = machine_.suppressed_duplicates();
    const std::string token = spec.token;
    carry_out(machine_.submit(std::move(spec)));
    if (machine_.suppressed_duplicates() != before) {
      log::error("fake: job '{}' ignored: this token is in flight already", token);
    }
  }

  void reattach(Reattach job) override {
    if (is_open("reattach", job.spec.token)) carry_out(machine_.reattach(std::move(job)));
  }

  void cancel(std::string_view token) override {
    if (outbox_ && !closing_) carry_out(machine_.cancel(token));
  }

  void take_back(std::string_view token) override {
    if (outbox_ && !closing_) carry_out(machine_.take_back(token));
  }

  void drain() override {
    if (outbox_ && !closing_) carry_out(machine_.drain());
  }

  void close(milliseconds, std::function<void()> done) override {
    if (!outbox_ || closed_) {
      boost::asio::post(io_, std::move(done));
      return;
    }
    closers_.push_back(std::move(done));
    if (std::exchange(closing_, true)) return;
    carry_out(machine_.close());
    scheduler_->clear();
    outbox_->close([this] {
      closed_ = true;
      for (const auto& closer : std::exchange(closers_, {})) closer();
    });
  }

 private:
  bool is_open(std::string_view call, std::string_view token) const {
    if (outbox_ && !closing_) return true;
    log::warning("fake: {} of job '{}' ignored: the launcher is not open", call, token);
    return false;
  }

  void carry_out(FakeMachine::Actions actions) {
    for (auto& notice : actions.notices) {
      if (notice.ended) attach_results(notice);
      outbox_->push(std::move(notice.event));
    }
    for (const auto& wake : actions.wakes) {
      scheduler_->after(wake.after, [this, wake] {
        if (!closing_) carry_out(machine_.on_step(wake));
      });
    }
  }

  void attach_results(FakeMachine::Notice& notice) {
    auto& finished = std::get<Finished>(notice.event);
    const JobSpec& spec = *notice.ended;
    auto files = std::move(notice.files);
    if (files.empty() && finished.outcome.exit_code == 0) {
      auto text = program_text(spec);
      if (!text) return fail(finished, text.error().message);
      files["metrics.json"] = toy_metrics(toy_score(*text, options_.target));
      files["correct.json"] = R"({"correct": true, "error": null})";
    }
    files["job_log.out"] = "GENESIS_ATTEMPT_TOKEN=" + spec.token + "\n";
    if (!options_.results_in_folder || spec.work_dir.empty()) {
      finished.results.inline_files = std::move(files);
      return;
    }
    const auto folder = spec.work_dir / "results";
    if (auto written = write_folder(folder, files); !written) {
      return fail(finished, written.error().message);
    }
    finished.results.folder = folder;
  }

  static void fail(Finished& finished, std::string why) {
    finished.outcome.kind = JobOutcomeKind::backend_error;
    finished.outcome.detail = std::move(why);
  }

  boost::asio::io_context& io_;
  FakeOptions options_;
  FakeMachine machine_;
  std::unique_ptr<EventOutbox> outbox_;
  std::vector<std::function<void()>> closers_;
  bool closing_ = false;
  bool closed_ = false;
  std::unique_ptr<Scheduler> scheduler_;  // Last: its callbacks use the rest.
};

}  // namespace

std::unique_ptr<Launcher> make_fake_launcher(const LauncherContext& context, FakeOptions options,
                                             std::unique_ptr<Scheduler> scheduler) {
  return std::make_unique<FakeLauncher>(context, std::move(options), std::move(scheduler));
}

Backend fake_backend() {
  Backend backend;
  backend.name = "fake";
  backend.target_names = {"FakeJobConfig"};
  backend.summary = "runs nothing: scripted outcomes, for rehearsals and tests";
  backend.parse = [](const nlohmann::json& options, const std::string& path) {
    return read_fake_options(options, path).common;
  };
  backend.make = [](const nlohmann::json& options,
                    const LauncherContext& context) -> Result<std::unique_ptr<Launcher>> {
    try {
      return make_fake_launcher(context, read_fake_options(options, "job_config"));
    } catch (const OptionException& error) {
      return make_error(ErrorKind::invalid_argument, error.what());
    }
  };
  backend.doctor = [] { return std::vector<DoctorLine>{}; };
  return backend;
}

}  // namespace genesis::launch
