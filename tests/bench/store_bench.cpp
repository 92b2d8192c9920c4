// The store at 100,000 programs with 2 KB candidates, through the whole journal path, against bare
// SQLite with the same bytes in one table. Usage: store_bench OUT.json [ROUNDS [PROGRAMS]].

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/rng.h"
#include "genesis/evolve/population.h"
#include "genesis/evolve/source_cache.h"
#include "genesis/store/run_store.h"

namespace genesis::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kCandidateBytes = 2048;
constexpr std::int64_t kLookAhead = 64;      // evaluations in flight
constexpr std::int64_t kBarrierEvery = 512;  // programs between two barriers, at most four open
constexpr int kReads = 20'000;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// Processor time of all threads: what an insert costs even when the machine is busy otherwise.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string candidate_text(std::int64_t id) {
  std::string text = fmt::format("def solve():\n    return {}\n", id);
  RandomStream random(1, "bench", static_cast<std::uint64_t>(id));
  while (text.size() < kCandidateBytes) text += fmt::format("x = {}\n", random.next64());
  text.resize(kCandidateBytes);
  return text;
}

struct Sample {
  ProposalRecord proposal;
  ProgramRecord program;
  AttemptRecord attempt;
};

Sample sample(std::int64_t id, const std::string& text) {
  Sample s;
  s.proposal.id = id;
  s.proposal.parent = id / 2;
  s.proposal.inspirations = {id / 3, id / 4};
  s.proposal.mutator = "numeric_literal";
  s.proposal.patch = "operator";
  s.proposal.summary = fmt::format("line 12: 0.{} became 0.{}", id, id + 1);
  s.proposal.program_key = fmt::format("{:032x}", id);
  s.proposal.candidate = Program("main.py", text).encode();
  s.attempt.token = fmt::format("{:016x}", id * 0x9E3779B97F4A7C15LL);
  s.attempt.evaluation = id;
  s.attempt.backend = "inprocess";
  s.program.generation = s.program.proposal = s.program.evaluation = id;
  s.program.parent = s.proposal.parent;
  s.program.program_key = s.proposal.program_key;
  s.program.mutator = s.proposal.mutator;
  s.program.patch = s.proposal.patch;
  s.program.summary = s.proposal.summary;
  s.program.score = RandomStream(2, "score", static_cast<std::uint64_t>(id)).uniform();
  s.program.correct = true;
  s.program.outcome = "ok";
  s.program.public_json = R"({"radius_sum":2.5,"overlaps":0})";
  s.program.private_json = R"({"seconds":0.001})";
  s.program.recorded_at = 1'700'000'000'000 + id;
  return s;
}

/// The runner's way: intents ahead of results, each an own group, a bounded number of barriers
/// open.
double journal_programs(RunStore& store, const std::vector<std::string>& texts,
                        std::atomic<int>& open_barriers) {
  const auto count = static_cast<std::int64_t>(texts.size());
  const auto start = SteadyClock::now();
  for (std::int64_t id = 0; id < count + kLookAhead; ++id) {
    if (id < count) {
      Sample s = sample(id, texts[static_cast<std::size_t>(id)]);
      store.queue_evaluation(id, std::move(s.proposal), std::move(s.attempt));
      store.hand_over();
    }
    const std::int64_t done = id - kLookAhead;
    if (done < 0) continue;
    Sample s = sample(done, "");
    store.finish_attempt(std::move(s.attempt.token), "exited", "");
    store.record(std::move(s.program), {});
    store.put_state("bandit", "0.5 0.25 0.25");
    store.hand_over();
    if (done % kBarrierEvery != 0) continue;
    for (int open = open_barriers.load(); open >= 4; open = open_barriers.load()) {
      open_barriers.wait(open);
    }
    ++open_barriers;
    store.when_committed(Commit::process, [&open_barriers] {
      --open_barriers;
      open_barriers.notify_one();
    });
  }
  value_or_throw(store.flush());
  return static_cast<double>(count) / seconds_since(start);
}

void check(sqlite3* database, int code) {
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
    throw GenesisError(Error{ErrorKind::io, sqlite3_errmsg(database)});
  }
}

class BareTable {
 public:
  explicit BareTable(const std::string& file) {
    check(nullptr, sqlite3_open(file.c_str(), &database_));
    exec("PRAGMA journal_mode=WAL");
    exec("PRAGMA synchronous=NORMAL");
    exec("PRAGMA wal_autocheckpoint=4000");
    exec("CREATE TABLE t(id INTEGER PRIMARY KEY, score REAL, key TEXT, meta TEXT, text BLOB)");
  }
  ~BareTable() {
    sqlite3_finalize(read_);
    sqlite3_close(database_);
  }
  BareTable(const BareTable&) = delete;
  BareTable& operator=(const BareTable&) = delete;

  double insert(const std::vector<std::string>& texts) {
    const std::string key(32, 'k');
    const std::string meta(400, 'm');  // What proposal, attempt and program hold besides the text.
    sqlite3_stmt* insert = nullptr;
    check(database_,
          sqlite3_prepare_v2(database_, "INSERT INTO t VALUES(?,?,?,?,?)", -1, &insert, nullptr));
    const auto start = SteadyClock::now();
    for (std::size_t id = 0; id < texts.size(); ++id) {
      if (id % kBarrierEvery == 0) exec(id == 0 ? "BEGIN" : "COMMIT; BEGIN");
      sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(id));
      sqlite3_bind_double(insert, 2, 0.5);
      sqlite3_bind_text(insert, 3, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
      sqlite3_bind_text(insert, 4, meta.data(), static_cast<int>(meta.size()), SQLITE_STATIC);
      sqlite3_bind_blob(insert, 5, texts[id].data(), static_cast<int>(texts[id].size()),
                        SQLITE_STATIC);
      check(database_, sqlite3_step(insert));
      sqlite3_reset(insert);
    }
    exec("COMMIT");
    sqlite3_finalize(insert);
    return static_cast<double>(texts.size()) / seconds_since(start);
  }

  std::size_t read(std::int64_t id) {
    if (read_ == nullptr) {
      check(database_,
            sqlite3_prepare_v2(database_, "SELECT text FROM t WHERE id=?", -1, &read_, nullptr));
    }
    sqlite3_bind_int64(read_, 1, id);
    check(database_, sqlite3_step(read_));
    const std::string text(static_cast<const char*>(sqlite3_column_blob(read_, 0)),
                           static_cast<std::size_t>(sqlite3_column_bytes(read_, 0)));
    sqlite3_reset(read_);
    return text.size();
  }

  double scan() {
    sqlite3_stmt* rows = nullptr;
    check(database_,
          sqlite3_prepare_v2(database_, "SELECT id, score, key, meta FROM t", -1, &rows, nullptr));
    const auto start = SteadyClock::now();
    std::size_t bytes = 0;
    while (sqlite3_step(rows) == SQLITE_ROW) {
      bytes += std::string(static_cast<const char*>(sqlite3_column_blob(rows, 3)),
                           static_cast<std::size_t>(sqlite3_column_bytes(rows, 3)))
                   .size();
    }
    sqlite3_finalize(rows);
    if (bytes == 0) throw GenesisError(Error{ErrorKind::internal, "the scan saw nothing"});
    return seconds_since(start);
  }

 private:
  void exec(const char* sql) {
    check(database_, sqlite3_exec(database_, sql, nullptr, nullptr, nullptr));
  }
  sqlite3* database_ = nullptr;
  sqlite3_stmt* read_ = nullptr;
};

/// Microseconds of processor time per call (nothing waits), over draws of known ids.
double read_micros(std::int64_t count, const std::function<void(std::int64_t)>& read) {
  RandomStream random(3, "reads", 0);
  const double start = cpu_seconds();
  for (int i = 0; i < kReads; ++i) {
    read(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(count))));
  }
  return (cpu_seconds() - start) * 1e6 / kReads;
}

struct Series {
  std::string unit;
  std::vector<double> values;
  std::vector<double> baselines;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Bench {
 public:
  void add(const std::string& metric, const std::string& unit, double value, double baseline) {
    Series& series = series_[metric];
    series.unit = unit;
    series.values.push_back(value);
    if (baseline > 0) series.baselines.push_back(baseline);
  }

  Status write(const std::string& path) const {
    std::string rows;
    for (const auto& [metric, series] : series_) {
      const double value = median(series.values);
      const double baseline = median(series.baselines);
      const auto [low, high] = std::minmax_element(series.values.begin(), series.values.end());
      const std::string base = baseline > 0 ? fmt::format("{:.6g}", baseline) : "null";
      const std::string ratio = baseline > 0 ? fmt::format("{:.4g}", value / baseline) : "null";
      fmt::print("{:<28} {:>12.6g} {:<8} baseline {:>10} ratio {:>7}  [{:.6g}, {:.6g}]\n", metric,
                 value, series.unit, base, ratio, *low, *high);
      rows += fmt::format(
          "{}\n  {{\"metric\": \"{}\", \"value\": {:.6g}, \"unit\": \"{}\", \"baseline\": {}, "
          "\"ratio\": {}, \"low\": {:.6g}, \"high\": {:.6g}, \"rounds\": {}}}",
          rows.empty() ? "" : ",", metric, value, series.unit, base, ratio, *low, *high,
          series.values.size());
    }
    return write_file(path, "[" + rows + "\n]\n");
  }

 private:
  std::map<std::string, Series> series_;
};

std::unique_ptr<RunStore> open_store(const std::filesystem::path& file) {
  StoreOptions options;
  options.file = file;
  return value_or_throw(RunStore::open(std::move(options)));
}

constexpr double kDrawTarget = 50;

/// The median over draws of a parent with its inspirations, their texts included, as the runner
/// makes them. The baseline of its row is the target.
double draw_micros(evolve::Population& population, RunStore& store) {
  evolve::SourceCache sources(store);
  std::vector<double> micros;
  for (std::int64_t proposal = 0; proposal < 5000; ++proposal) {
    const auto start = SteadyClock::now();
    const auto draw = population.draw(proposal);
    value_or_throw(sources.get(draw.value().parent));
    for (const std::int64_t inspiration : draw->inspirations) {
      value_or_throw(sources.get(inspiration));
    }
    micros.push_back(seconds_since(start) * 1e6);
  }
  return median(std::move(micros));
}

void run_round(Bench& bench, const std::vector<std::string>& texts) {
  const TempDir dir("genesis-bench");
  const auto count = static_cast<std::int64_t>(texts.size());
  std::atomic<int> open_barriers = 0;
  BareTable bare((dir.path() / "bare.sqlite").string());
  const double cpu_before = cpu_seconds();
  const double bare_rate = bare.insert(texts);
  const double bare_cpu = cpu_seconds() - cpu_before;
  auto store = open_store(dir.path() / "run.sqlite");
  bench.add("insert", "1/s", journal_programs(*store, texts, open_barriers), bare_rate);
  const double cpu = cpu_seconds() - cpu_before - bare_cpu;
  const double scale = 1e6 / static_cast<double>(count);
  bench.add("insert_processor_time", "us", cpu * scale, bare_cpu * scale);
  bench.add("read_source", "us",
            read_micros(count, [&](std::int64_t id) { value_or_throw(store->source(id)); }),
            read_micros(count, [&](std::int64_t id) { bare.read(id); }));
  store.reset();
  auto start = SteadyClock::now();
  store = open_store(dir.path() / "run.sqlite");
  const LoadedRun run = value_or_throw(store->load());
  const double load = seconds_since(start);
  if (run.counters.programs != count) throw GenesisError(Error{ErrorKind::internal, "lost rows"});
  start = SteadyClock::now();
  std::int64_t seen = 0;
  evolve::Population population(DatabaseConfig{}, 7);
  value_or_throw(store->for_each_program([&](const ProgramRecord& program) {
    seen += program.correct ? 1 : 0;
    evolve::Member member;
    member.generation = program.generation;
    member.parent = program.parent;
    member.score = program.score;
    member.island = program.island;
    member.correct = program.correct;
    population.restore(member);
    return true;
  }));
  const double stream = seconds_since(start);
  if (seen != count) throw GenesisError(Error{ErrorKind::internal, "programs are missing"});
  bench.add("draw", "us", draw_micros(population, *store), kDrawTarget);
  bench.add("reopen_and_load", "s", load, 0);
  bench.add("reopen_load_and_stream", "s", load + stream, bare.scan());
  const auto reader = value_or_throw(StoreReader::open(dir.path() / "run.sqlite"));
  start = SteadyClock::now();
  value_or_throw(reader->counters());
  value_or_throw(reader->best());
  value_or_throw(reader->top(10));
  bench.add("show_queries", "us", seconds_since(start) * 1e6, 0);
}

}  // namespace
}  // namespace genesis::store

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: store_bench OUT.json [ROUNDS [PROGRAMS]]\n");
    return 2;
  }
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  const long programs = argc > 3 ? std::atol(argv[3]) : 100'000;
  try {
    std::vector<std::string> texts;
    for (long id = 0; id < programs; ++id) texts.push_back(genesis::store::candidate_text(id));
    genesis::store::Bench bench;
    for (int round = 0; round < rounds; ++round) genesis::store::run_round(bench, texts);
    genesis::value_or_throw(bench.write(argv[1]));
  } catch (const std::exception& exception) {
    fmt::print(stderr, "store_bench: {}\n", exception.what());
    return 1;
  }
  return 0;
}
