// What the client of E2B's protocol costs, against the `genesis sandboxd` beside it.
//   e2b_client_bench [JSON [ROUNDS]]
//
// Memory: what 200 commands take that are followed at a time. Processor: of this process, for a
// file written, a command run and a file read. Files: 100 MB up and down, in turns with curl over
// the same server; each round gives one ratio, the median of the ratios is the figure.

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "launch/e2b/http_provider.h"
#include "tests/bench/bench_table.h"
#include "tests/bench/sandboxd_process.h"

namespace {

namespace asio = boost::asio;
using namespace genesis;
using namespace genesis::bench;
using namespace genesis::launch::e2b;
using Clock = std::chrono::steady_clock;

constexpr int kStreams = 200;
constexpr int kEvaluations = 200;
constexpr std::size_t kFileBytes = 100'000'000;
constexpr double kAskedStreamBytes = 30'000;
constexpr double kAskedMillis = 2;

struct Bench {
  explicit Bench(const fs::path& folder_path)
      : folder(folder_path), server(folder_path), provider(io, addressing(server.port())) {}

  static Addressing addressing(std::uint16_t port) {
    AddressSettings settings;
    settings.api_key = SandboxdProcess::key();
    settings.api_url = settings.sandbox_url = fmt::format("http://127.0.0.1:{}", port);
    return *Addressing::from(std::move(settings));
  }

  template <typename T>
  T wait(Awaitable<Outcome<T>> awaited) {
    std::optional<Outcome<T>> result;
    asio::co_spawn(io, std::move(awaited), [&](std::exception_ptr failure, Outcome<T> value) {
      if (failure) std::rethrow_exception(failure);
      result.emplace(std::move(value));
    });
    io.restart();
    while (!result && io.run_one() > 0) {
    }
    if (!result || !*result) {
      throw std::runtime_error(result ? result->error().message : "nothing came");
    }
    if constexpr (!std::is_void_v<T>) return std::move(**result);
  }

  fs::path folder;
  asio::io_context io{1};
  SandboxdProcess server;
  HttpProvider provider;
  SandboxHandle sandbox;
  Table table;
};

RemoteCommand command(std::vector<std::string> argv) {
  RemoteCommand made;
  made.argv = std::move(argv);
  return made;
}

Awaitable<void> follow_one(Bench& bench, int& begun) {
  RemoteCommand sleeping = command({"/bin/sleep", "600"});
  auto stream = co_await bench.provider.start(bench.sandbox, std::move(sleeping));
  if (!stream) throw std::runtime_error(stream.error().message);
  ++begun;
  static_cast<void>(co_await (*stream)->next());
}

void measure_memory(Bench& bench) {
  int begun = 0;
  const auto before = ::mallinfo2().uordblks;
  for (int i = 0; i < kStreams; ++i) {
    asio::co_spawn(bench.io, follow_one(bench, begun), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  bench.io.restart();
  while (begun < kStreams && bench.io.run_one() > 0) {
  }
  const double each = static_cast<double>(::mallinfo2().uordblks - before) / kStreams;
  bench.table.add("memory of a followed command", each, "bytes", kAskedStreamBytes,
                  each / kAskedStreamBytes);
}

double cpu_millis() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto millis = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return millis(used.ru_utime) + millis(used.ru_stime);
}

void measure_processor(Bench& bench) {
  const std::string program(2000, '#');
  const double before = cpu_millis();
  for (int i = 0; i < kEvaluations; ++i) {
    bench.wait(bench.provider.write_file(bench.sandbox, "/tmp/program", program, ""));
    bench.wait(
        bench.provider.run(bench.sandbox, command({"/bin/cp", "/tmp/program", "/tmp/out"}), 1000));
    bench.wait(bench.provider.read_file(bench.sandbox, "/tmp/out", 10'000, ""));
  }
  const double each = (cpu_millis() - before) / kEvaluations;
  bench.table.add("cpu of a file up, a command, a file down", each, "ms", kAskedMillis,
                  each / kAskedMillis);
}

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void curl(const Bench& bench, const std::string& options) {
  const std::string line = fmt::format(
      "curl -sSf -H 'e2b-sandbox-id: {}' -H 'e2b-sandbox-port: 49983' "
      "-H 'x-access-token: {}' {} 'http://127.0.0.1:{}/files?path=/tmp/large'",
      bench.sandbox.id, bench.sandbox.access_token, options, bench.server.port());
  if (std::system(line.c_str()) != 0) throw std::runtime_error("curl failed");
}

void compare(Bench& bench, int rounds, const char* name, const std::function<void()>& ours,
             const std::function<void()>& theirs) {
  std::vector<double> speeds;
  std::vector<double> bare;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    double mine = 0;
    if (round % 2 == 0) mine = seconds_of(ours);
    const double other = seconds_of(theirs);
    if (round % 2 == 1) mine = seconds_of(ours);
    speeds.push_back(kFileBytes / 1e6 / mine);
    bare.push_back(kFileBytes / 1e6 / other);
    ratios.push_back(other / mine);
  }
  bench.table.add(name, median(speeds), "MB/s", median(bare), median(ratios), spread(ratios));
}

void measure_files(Bench& bench, int rounds) {
  const fs::path out = bench.folder / "out";
  const fs::path in = bench.folder / "in";
  const Status written = write_file(out, std::string(kFileBytes, 'x'));
  if (!written) throw std::runtime_error(written.error().message);
  compare(
      bench, rounds, "100 MB up, beside curl",
      [&] { bench.wait(bench.provider.upload_file(bench.sandbox, "/tmp/large", out, "")); },
      [&] {
        curl(bench, fmt::format("-X POST -H 'content-type: application/octet-stream' "
                                "-H 'Expect:' -o /dev/null -T '{}'",
                                out.string()));
      });
  compare(
      bench, rounds, "100 MB down, beside curl",
      [&] {
        bench.wait(bench.provider.download_file(bench.sandbox, "/tmp/large", in,
                                                std::numeric_limits<std::uint64_t>::max(), ""));
      },
      [&] { curl(bench, fmt::format("-o '{}'", in.string())); });
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
  try {
    const TempDir folder("ge2b");
    Bench bench(folder.path());
    NewSandbox what;
    what.lifetime = std::chrono::seconds(900);
    bench.sandbox = bench.wait(bench.provider.create(std::move(what)));
    measure_processor(bench);
    measure_files(bench, rounds);
    measure_memory(bench);
    if (argc > 1) bench.table.write(argv[1]);
    bench.wait(bench.provider.kill(bench.sandbox.id));
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "e2b_client_bench: {}\n", failure.what());
    return 1;
  }
}
