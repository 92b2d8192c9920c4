// What the sandbox server adds to what it serves, for a bare HTTP/1.1 client over loopback.
//   sandboxd_bench [JSON [ROUNDS [SECONDS [ROW]]]]
//   (ROW: 1 commands, 2 create, 3 churn, 4 files, 5 the official SDKs)
//
// Starts the `genesis sandboxd` beside it on a free port with a state folder below TMPDIR. Commands
// are measured against the same login shell started bare, files against nginx or, where it is not
// installed, a bare loop; the two sides take turns, each round gives one ratio, and the median of
// the ratios is the figure. The churn (create and kill for SECONDS, four in flight) must leave
// nothing behind: else the bench fails and says what there is.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "genesis/base/files.h"
#include "tests/bench/bare_command.h"
#include "tests/bench/bare_http.h"
#include "tests/bench/bench_table.h"
#include "tests/bench/login_shell.h"
#include "tests/bench/plain_file_server.h"
#include "tests/bench/sandboxd_process.h"
#include "tests/bench/sdk_client.h"

namespace {

using namespace genesis;
using namespace genesis::bench;
using Clock = std::chrono::steady_clock;

constexpr int kCommandsPerRound = 100;
constexpr int kCommandsAtATime = 5;
constexpr int kCreatesPerRound = 15;
constexpr int kSdkCommandsPerRound = 50;
constexpr int kSdkPairsPerRound = 20;
constexpr int kInFlight = 4;
constexpr double kAskedMillis = 10;
constexpr double kAskedPairs = 150;
constexpr std::size_t kFileBytes = 100'000'000;
constexpr std::size_t kPieceBytes = 256 * 1024;

struct Settings {
  int rounds = 7;
  double seconds = 10;
};

struct Bench {
  Settings settings;
  fs::path folder;
  SandboxdProcess server;
  Table table;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

/// Both sides once per round; which comes first alternates, so that a drifting machine favours
/// neither.
void take_turns(int rounds, const std::function<void()>& one, const std::function<void()>& other) {
  for (int round = 0; round < rounds; ++round) {
    (round % 2 == 0 ? one : other)();
    (round % 2 == 0 ? other : one)();
  }
}

std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& bare) {
  std::vector<double> found;
  for (std::size_t i = 0; i < ours.size(); ++i) found.push_back(ours[i] / bare[i]);
  return found;
}

void measure_commands(Bench& bench) {
  BareHttp http(bench.server.port());
  const MadeSandbox sandbox = bench.server.create(http);
  const BareShell shell((bench.folder / "home1").string());
  const auto through_server = [&] { BareCommand(http, sandbox.routing(), "true").wait_for_end(); };
  for (int i = 0; i < 5; ++i) {
    through_server();
    shell.run_to_end("true");
  }
  std::vector<double> ours, bare;
  for (int round = 0; round < bench.settings.rounds; ++round) {
    double our_seconds = 0;
    double bare_seconds = 0;
    // A few at a time: what else the machine does meets both sides alike.
    const auto some_of_ours = [&] {
      const auto since = Clock::now();
      for (int i = 0; i < kCommandsAtATime; ++i) through_server();
      our_seconds += seconds_since(since);
    };
    const auto some_bare = [&] {
      for (int i = 0; i < kCommandsAtATime; ++i) bare_seconds += shell.run_to_end("true");
    };
    take_turns(kCommandsPerRound / kCommandsAtATime, some_of_ours, some_bare);
    ours.push_back(kCommandsPerRound / our_seconds);
    bare.push_back(kCommandsPerRound / bare_seconds);
  }
  bench.server.kill(http, sandbox);
  const std::vector<double> each = ratios(ours, bare);
  bench.table.add("commands.run(true), one connection", median(ours), "1/s", median(bare),
                  median(each), spread(each));
}

void measure_create(Bench& bench) {
  BareHttp http(bench.server.port());
  const BareShell shell((bench.folder / "home2").string());
  const auto through_server = [&] {
    const auto since = Clock::now();
    const MadeSandbox sandbox = bench.server.create(http);
    BareCommand command(http, sandbox.routing(), "echo ready");
    command.wait_for_output();
    const double taken = seconds_since(since);
    command.wait_for_end();
    bench.server.kill(http, sandbox);
    return 1000 * taken;
  };
  const auto started_bare = [&] { return 1000 * shell.first_output("echo ready", "ready\n"); };
  for (int i = 0; i < 3; ++i) {
    through_server();
    started_bare();
  }
  std::vector<double> ours, bare, above;
  for (int round = 0; round < bench.settings.rounds; ++round) {
    std::vector<double> our_round, bare_round;
    take_turns(
        kCreatesPerRound, [&] { our_round.push_back(through_server()); },
        [&] { bare_round.push_back(started_bare()); });
    above.push_back(median(our_round) - median(bare_round));
    ours.insert(ours.end(), our_round.begin(), our_round.end());
    bare.insert(bare.end(), bare_round.begin(), bare_round.end());
  }
  bench.table.add("create to first output, p50", median(ours), "ms", median(bare),
                  median(ours) / median(bare));
  bench.table.add("create to first output, p95", quantile(ours, 0.95), "ms", quantile(bare, 0.95),
                  quantile(ours, 0.95) / quantile(bare, 0.95));
  bench.table.add("p50 above the bare spawn, of the 10 ms asked", median(above), "ms", kAskedMillis,
                  median(above) / kAskedMillis, spread(above));
  const double high = quantile(ours, 0.95) - quantile(bare, 0.95);
  bench.table.add("p95 above the bare spawn", high, "ms", kAskedMillis, high / kAskedMillis);
}

/// Create and kill until the time is over, on a connection of its own; how many pairs.
int churn(const SandboxdProcess& server, Clock::time_point until, const std::atomic<bool>& failed) {
  BareHttp http(server.port());
  int pairs = 0;
  for (; Clock::now() < until && !failed; ++pairs) server.kill(http, server.create(http));
  return pairs;
}

/// Waits until `done`; false where that takes more than ten seconds.
bool settles(const std::function<bool()>& done) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void refuse_remains(Bench& bench, BareHttp& http, std::size_t descriptors_before) {
  std::vector<std::string> remains;
  if (!settles([&] { return (remains = bench.server.remains(http)).empty(); })) {
    throw std::runtime_error(fmt::format("left behind after create and kill: {}, first {}",
                                         remains.size(), remains.front()));
  }
  std::size_t descriptors = 0;
  if (!settles(
          [&] { return (descriptors = bench.server.open_descriptors()) <= descriptors_before; })) {
    throw std::runtime_error(
        fmt::format("the server had {} descriptors open before create and kill, {} after",
                    descriptors_before, descriptors));
  }
}

void measure_churn(Bench& bench) {
  BareHttp http(bench.server.port());
  bench.server.kill(http, bench.server.create(http));  // What is opened once, is open now.
  if (!settles([&] { return bench.server.remains(http).empty(); })) {
    throw std::runtime_error("left behind before create and kill: " +
                             bench.server.remains(http).front());
  }
  const std::size_t descriptors = bench.server.open_descriptors();
  std::atomic<bool> failed = false;
  std::atomic<int> pairs = 0;
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto since = Clock::now();
  const auto until = since + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(bench.settings.seconds));
  std::vector<std::thread> clients;
  for (int i = 0; i < kInFlight; ++i) {
    clients.emplace_back([&] {
      try {
        pairs += churn(bench.server, until, failed);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        failed = true;
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const double rate = pairs / seconds_since(since);
  if (failure) std::rethrow_exception(failure);
  refuse_remains(bench, http, descriptors);
  bench.table.add(fmt::format("create and kill, 4 in flight for {:.0f} s", bench.settings.seconds),
                  rate, "1/s", kAskedPairs, rate / kAskedPairs);
}

struct FileTarget {
  std::uint16_t port;
  std::string method;  ///< Of an upload.
  std::string path;
  Headers headers;
};

double megabytes_per_second(Clock::time_point since) {
  return static_cast<double>(kFileBytes) / 1e6 / seconds_since(since);
}

double upload(const FileTarget& target, std::string_view piece) {
  BareHttp http(target.port);
  Headers headers = target.headers;
  headers.emplace_back("content-type", "application/octet-stream");
  const auto since = Clock::now();
  http.send_head(target.method, target.path, headers, kFileBytes);
  for (std::size_t sent = 0; sent < kFileBytes; sent += piece.size()) {
    http.send_body(piece.substr(0, std::min(piece.size(), kFileBytes - sent)));
  }
  const int status = http.read_head();
  while (http.read_piece()) {
  }
  if (status / 100 != 2) throw std::runtime_error(fmt::format("upload: status {}", status));
  return megabytes_per_second(since);
}

double download(const FileTarget& target, std::string_view piece) {
  BareHttp http(target.port);
  const auto since = Clock::now();
  http.send_head("GET", target.path, target.headers, 0);
  const int status = http.read_head();
  std::size_t got = 0;
  while (const auto more = http.read_piece()) {
    if (got == 0 && !more->empty() && more->front() != piece.front()) {
      throw std::runtime_error("download: other bytes than those of the upload");
    }
    got += more->size();
  }
  if (status != 200 || got != kFileBytes) {
    throw std::runtime_error(fmt::format("download: status {}, {} bytes", status, got));
  }
  return megabytes_per_second(since);
}

void measure_files(Bench& bench) {
  BareHttp http(bench.server.port());
  const MadeSandbox sandbox = bench.server.create(http);
  const PlainFileServer plain(bench.folder / "files");
  const FileTarget ours{bench.server.port(), "POST", "/files?path=/home/user/big.bin&username=user",
                        sandbox.routing()};
  const FileTarget theirs{plain.port(), "PUT", "/big.bin", {}};
  std::string piece(kPieceBytes, '\0');
  for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i * 131 + i / 251);
  std::vector<double> our_uploads, their_uploads, our_downloads, their_downloads;
  upload(ours, piece);  // Once each unmeasured: folders are made, pages are there.
  upload(theirs, piece);
  const double resident = bench.server.memory("VmRSS");
  const double agent_resident = bench.server.memory_of_agents();
  bench.server.reset_peak_memory();
  for (int round = 0; round < bench.settings.rounds; ++round) {
    const auto side = [&](const FileTarget& target, std::vector<double>& up,
                          std::vector<double>& down) {
      up.push_back(upload(target, piece));
      down.push_back(download(target, piece));
    };
    if (round % 2 == 0) side(ours, our_uploads, our_downloads);
    side(theirs, their_uploads, their_downloads);
    if (round % 2 != 0) side(ours, our_uploads, our_downloads);
  }
  const double after = bench.server.memory("VmRSS");
  const double peak = bench.server.memory("VmHWM");
  const double agent_after = bench.server.memory_of_agents();
  bench.server.kill(http, sandbox);
  const auto add = [&](const std::string& metric, const std::vector<double>& mine,
                       const std::vector<double>& other) {
    const std::vector<double> each = ratios(mine, other);
    bench.table.add(fmt::format("{} of 100 MB ({})", metric, plain.name()), median(mine), "MB/s",
                    median(other), median(each), spread(each));
  };
  add("upload", our_uploads, their_uploads);
  add("download", our_downloads, their_downloads);
  bench.table.add("server's memory after the files", after, "MB", resident, after / resident);
  bench.table.add("server's peak memory meanwhile", peak, "MB", resident, peak / resident);
  bench.table.add("agent's memory after the files", agent_after, "MB", agent_resident,
                  agent_after / agent_resident);
}

void measure_sdk(Bench& bench, const InstalledSdk& sdk) {
  BareHttp http(bench.server.port());
  const MadeSandbox sandbox = bench.server.create(http);
  const SdkClient client(sdk, bench.server.url(), bench.server.key());
  const std::map<std::string, std::function<void()>> bare_work = {
      {"commands", [&] { BareCommand(http, sandbox.routing(), "true").wait_for_end(); }},
      {"pairs", [&] { bench.server.kill(http, bench.server.create(http)); }}};
  const std::map<std::string, std::string> names = {{"commands", "commands.run(true)"},
                                                    {"pairs", "create and kill, one at a time"}};
  for (const auto& [what, one] : bare_work) {
    const int count = what == "commands" ? kSdkCommandsPerRound : kSdkPairsPerRound;
    std::vector<double> theirs, bare;
    const auto round_of_theirs = [&] { theirs.push_back(client.rate(what, count)); };
    const auto round_of_bare = [&] {
      const auto since = Clock::now();
      for (int i = 0; i < count; ++i) one();
      bare.push_back(count / seconds_since(since));
    };
    round_of_bare();
    bare.clear();
    take_turns(bench.settings.rounds, round_of_theirs, round_of_bare);
    const std::vector<double> each = ratios(theirs, bare);
    bench.table.add(fmt::format("{}, {}", names.at(what), sdk.name), median(theirs), "1/s",
                    median(bare), median(each), spread(each));
  }
  bench.server.kill(http, sandbox);
}

void measure_sdks(Bench& bench) {
  const std::vector<InstalledSdk> sdks = newest_sdks(GENESIS_SOURCE_DIR);
  if (sdks.empty()) fmt::print("the official SDKs are not here: ./setup.sh sdks installs them\n");
  for (const InstalledSdk& sdk : sdks) measure_sdk(bench, sdk);
}

void run(const Settings& settings, int only, const char* json) {
  const TempDir folder("gsb");  // Short: the agents' sockets are below it.
  // The bare shell's user must get through to its home.
  fs::permissions(folder.path(),
                  fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  Bench bench{settings, folder.path(), SandboxdProcess(folder.path()), {}};
  int number = 0;
  for (const auto& row :
       {measure_commands, measure_create, measure_churn, measure_files, measure_sdks}) {
    if (++number == only || only == 0) row(bench);
  }
  if (json != nullptr) bench.table.write(json);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (argc > 2) settings.rounds = std::max(std::atoi(argv[2]), 1);
  if (argc > 3) settings.seconds = std::max(std::atof(argv[3]), 0.1);
  try {
    run(settings, argc > 4 ? std::atoi(argv[4]) : 0, argc > 1 ? argv[1] : nullptr);
  } catch (const std::exception& error) {
    fmt::print(stderr, "sandboxd_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
