// A run that grows to a million programs of 2 KB: what inserting, drawing, proposing, reopening and
// the memory and the disk cost on the way.
//   million_bench [JSON [PROGRAMS [SVG]]]
//   million_bench --grow FOLDER COUNT      only inserts, into a run that may be there already
//
// Baselines are targets, or the same figure at the smallest size: then a ratio of 1 means flat.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "genesis/base/files.h"
#include "tests/bench/bench_table.h"
#include "tests/bench/cost_curve.h"
#include "tests/bench/growing_run.h"

namespace {

using namespace genesis;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::int64_t kBlock = 100'000;
constexpr std::int64_t kProposals = 5000;  // On top of each size; they become programs too.
constexpr double kMega = 1e6;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Processor time of all threads: other programs' load does not show in it.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A line of /proc/self/status in MB: "VmRSS", "VmHWM".
double memory_mb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":"))
      return std::atof(line.c_str() + name.size() + 1) * 1024 / kMega;
  }
  return 0;
}

/// Bytes that this process has asked the system to write so far: other programs' load does not show
/// in them either.
double written_bytes() {
  std::ifstream io("/proc/self/io");
  for (std::string word; io >> word;) {
    if (word == "wchar:" && io >> word) return std::atof(word.c_str());
  }
  return 0;
}

std::int64_t inodes_in(const fs::path& folder) {
  const auto end = fs::recursive_directory_iterator();
  return 1 + std::distance(fs::recursive_directory_iterator(folder), end);
}

std::string count_name(std::int64_t programs) {
  if (programs > 0 && programs % 1'000'000 == 0) return fmt::format("{}M", programs / 1'000'000);
  return programs > 0 && programs % 1000 == 0 ? fmt::format("{}k", programs / 1000)
                                              : std::to_string(programs);
}

class MillionBench {
 public:
  MillionBench(fs::path folder, std::int64_t programs)
      : folder_(std::move(folder)), target_(programs) {}

  void run(const std::string& self) {
    auto grown = std::make_unique<bench::GrowingRun>(folder_);
    for (const std::int64_t size : sizes()) {
      insert_until(*grown, size);
      measure_proposals(*grown, size);
    }
    table_.add("insert, all blocks", static_cast<double>(inserted_) / insert_seconds_, "1/s",
               20'000, static_cast<double>(inserted_) / insert_seconds_ / 20'000);
    grown->finish_publishing();
    programs_ = grown->size();
    table_.add("memory of the session that grew it", memory_mb("VmRSS"), "MB", 1000,
               memory_mb("VmRSS") / 1000);
    table_.add("the same, at its peak", memory_mb("VmHWM"), "MB", 1000, memory_mb("VmHWM") / 1000);
    grown.reset();
    disk();
    reopen(self, "warm");
    reopen(self, "cold");
  }

  const bench::Table& table() const { return table_; }
  std::string picture() const {
    return bench::draw_cost_curves("Cost per proposal while a run grows (2 KB programs)",
                                   {wall_, cpu_});
  }

 private:
  std::vector<std::int64_t> sizes() const {
    std::vector<std::int64_t> sizes;
    for (const std::int64_t size : {10'000, 30'000, 100'000, 300'000, 1'000'000}) {
      if (size < target_) sizes.push_back(size);
    }
    sizes.push_back(target_);
    return sizes;
  }

  void insert_until(bench::GrowingRun& run, std::int64_t size) {
    // The first programs also become files: their own block, and not an insert's cost.
    const std::int64_t files = ResultsConfig{}.keep_all_up_to + 1;
    size = std::max(size, files);
    while (run.size() < size) {
      const std::int64_t from = run.size();
      const std::int64_t block = from < files ? files : from / kBlock * kBlock + kBlock;
      const std::int64_t to = std::min(size, block);
      const double cpu = cpu_seconds();
      const auto start = Clock::now();
      run.grow(to - from, bench::Source::fresh);
      const double wall = seconds_since(start);
      const auto count = static_cast<double>(to - from);
      const std::string name = fmt::format("{}..{}", count_name(from), count_name(to));
      if (from < files) {
        run.finish_publishing();
        table_.add(fmt::format("insert {}, all written out", name), count / seconds_since(start),
                   "1/s", 0, 0);
        continue;
      }
      inserted_ += to - from;
      insert_seconds_ += wall;
      table_.add("insert " + name, count / wall, "1/s", 20'000, count / wall / 20'000);
      table_.add("processor time per insert " + name, (cpu_seconds() - cpu) / count * kMega, "us",
                 50, (cpu_seconds() - cpu) / count * kMega / 50);
    }
  }

  /// The draw with its texts, and then whole proposals.
  void measure_proposals(bench::GrowingRun& run, std::int64_t size) {
    const std::string at = " at " + count_name(size);
    const double drawing = draw_micros(run);
    table_.add("draw with inspirations, median" + at, drawing, "us", 50, drawing / 50);
    run.finish_publishing();
    const double cpu = cpu_seconds();
    const auto start = Clock::now();
    run.grow(kProposals, bench::Source::mutant);
    const auto count = static_cast<double>(kProposals);
    const double wall_micros = seconds_since(start) / count * kMega;
    const double cpu_micros = (cpu_seconds() - cpu) / count * kMega;
    wall_.points.push_back({static_cast<double>(size), wall_micros});
    cpu_.points.push_back({static_cast<double>(size), cpu_micros});
    const double wall_first = wall_.points.front().micros, cpu_first = cpu_.points.front().micros;
    table_.add("proposal" + at, wall_micros, "us", wall_first, wall_micros / wall_first);
    table_.add("proposal, processor time" + at, cpu_micros, "us", cpu_first,
               cpu_micros / cpu_first);
  }

  /// With a cache of its own that knows nothing at first.
  static double draw_micros(bench::GrowingRun& run) {
    evolve::SourceCache sources(run.store());
    std::vector<double> micros;
    for (std::int64_t i = 0; i < kProposals; ++i) {
      const auto start = Clock::now();
      const auto draw = run.population().draw(run.size() + i);
      value_or_throw(sources.get(draw.value().parent));
      for (const std::int64_t inspiration : draw->inspirations) {
        value_or_throw(sources.get(inspiration));
      }
      micros.push_back(seconds_since(start) * kMega);
    }
    return bench::median(std::move(micros));
  }

  void disk() {
    double bytes = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().filename().string().starts_with("run.sqlite")) {
        bytes += static_cast<double>(entry.file_size());
      }
    }
    const double texts = static_cast<double>(programs_) * 2048;
    table_.add("store on disk (baseline: the texts)", bytes / kMega, "MB", texts / kMega,
               bytes / texts);
    // A folder with program, parent and diff: what keep=all would make of every generation.
    const double all = 4.0 * static_cast<double>(programs_);
    const auto inodes = static_cast<double>(inodes_in(folder_));
    table_.add("inodes, keep=auto (baseline: all)", inodes, "", all, inodes / all);
  }

  /// In a process of its own, so that its memory is what a resumed run has.
  void reopen(const std::string& self, const std::string& how) {
    const std::string command = fmt::format("'{}' --reopen {} '{}'", self, how, folder_.string());
    FILE* const child = ::popen(command.c_str(), "r");
    double open = 0, restore = 0, memory = 0, peak = 0;
    long programs = 0;
    const int read = child == nullptr ? 0
                                      : std::fscanf(child, "%lf %lf %lf %lf %ld", &open, &restore,
                                                    &memory, &peak, &programs);
    if (child != nullptr) ::pclose(child);
    if (read != 5 || programs != programs_) {
      throw std::runtime_error(fmt::format("reopening found {} programs", programs));
    }
    const double seconds = open + restore;
    table_.add(fmt::format("reopen, {} page cache", how), seconds, "s", 10, seconds / 10);
    if (how != "warm") return;
    table_.add("memory after reopening", memory, "MB", 1000, memory / 1000);
    table_.add("the same, at its peak", peak, "MB", 1000, peak / 1000);
  }

  fs::path folder_;
  std::int64_t target_;
  bench::Table table_;
  bench::Curve wall_{"wall time, on a machine as busy as it was", "#1f77b4", {}};
  bench::Curve cpu_{"processor time of all threads", "#d62728", {}};
  std::int64_t programs_ = 0;  ///< In the end.
  std::int64_t inserted_ = 0;
  double insert_seconds_ = 0;
};

void drop_from_page_cache(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

int reopen(const std::string& how, const fs::path& folder) {
  if (how == "cold") drop_from_page_cache(folder / "run.sqlite");
  const auto start = Clock::now();
  store::StoreOptions options;
  options.file = folder / "run.sqlite";
  const auto store = value_or_throw(store::RunStore::open(std::move(options)));
  const double open = seconds_since(start);
  evolve::Population population(DatabaseConfig{}, 7);
  const auto history = value_or_throw(run::restore_history(*store, population));
  const double all = seconds_since(start);
  ::malloc_trim(0);
  fmt::print("{} {} {} {} {}\n", open, all - open, memory_mb("VmRSS"), memory_mb("VmHWM"),
             population.size());
  return history.known_programs.size() == static_cast<std::size_t>(population.size()) ? 0 : 1;
}

/// For a profiler, and for comparing two builds on copies of one store.
int grow(const fs::path& folder, std::int64_t count) {
  bench::GrowingRun run(folder);
  const std::int64_t from = run.size();
  run.grow(1000, bench::Source::fresh);  // The first ones fill caches.
  const double cpu = cpu_seconds(), written = written_bytes();
  const auto start = Clock::now();
  run.grow(count, bench::Source::fresh);
  const double wall = seconds_since(start);
  const double per = kMega / static_cast<double>(count);
  fmt::print("{}..{}: {:.2f} us of wall time, {:.2f} us of processor time, {:.0f} bytes written\n",
             from, run.size(), wall * per, (cpu_seconds() - cpu) * per,
             (written_bytes() - written) * per / kMega);
  run.finish_publishing();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 4 && std::string(argv[1]) == "--grow") return grow(argv[2], std::atoll(argv[3]));
    if (argc == 4 && std::string(argv[1]) == "--reopen") return reopen(argv[2], argv[3]);
    const std::int64_t programs = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
    if (programs < 2 * kProposals) throw std::runtime_error("at least 10000 programs");
    const TempDir dir("genesis-bench");
    MillionBench bench(dir.path(), programs);
    bench.run(fs::read_symlink("/proc/self/exe").string());
    if (argc > 1) bench.table().write(argv[1]);
    if (argc > 3) value_or_throw(write_file(argv[3], bench.picture()));
  } catch (const std::exception& exception) {
    fmt::print(stderr, "million_bench: {}\n", exception.what());
    return 1;
  }
  return 0;
}
