// Hundreds of sandboxes at a time: 1,000 evaluations of `sleep 2` in 200 of them.
//   e2b_fleet_bench [JSON] [--jobs N] [--sandboxes N] [--seconds N] [--only WORD]
//
// Through the launcher (from nothing; with the sandboxes there; over TLS), through the whole
// runner, and the official SDKs of Python and JavaScript with the same work: a program written, a
// command followed to its end, its result read. Each in a process of its own, whose processor time
// and memory are counted, against a `genesis sandboxd` that another process is. `--only` takes the
// rows whose name has the word.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "genesis/base/files.h"
#include "tests/bench/bench_table.h"
#include "tests/bench/fleet_work.h"
#include "tests/bench/sandboxd_process.h"
#include "tests/bench/sdk_client.h"

namespace {

using namespace genesis;
using namespace genesis::bench;
using nlohmann::json;

constexpr double kAskedOfIdeal = 1.3;
constexpr double kAskedMillis = 2;
constexpr double kAskedBytes = 30'000;
constexpr double kAskedBytesTls = 100'000;
constexpr double kAskedOfSdk = 5;

struct Options {
  std::string output;
  std::string only;
  FleetWork work;
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) {
      options.output = word;
      continue;
    }
    if (i + 1 == argc) throw std::runtime_error(word + " wants a value");
    const char* value = argv[++i];
    if (word == "--jobs") {
      options.work.jobs = std::atoi(value);
    } else if (word == "--sandboxes") {
      options.work.sandboxes = std::atoi(value);
    } else if (word == "--seconds") {
      options.work.seconds = std::atof(value);
    } else if (word == "--only") {
      options.only = value;
    } else {
      throw std::runtime_error("unknown option " + word +
                               "; there are --jobs, --sandboxes, --seconds, --only");
    }
  }
  if (options.work.sandboxes < 1 || options.work.jobs < options.work.sandboxes) {
    throw std::runtime_error("as many jobs as sandboxes at least, and one");
  }
  return options;
}

/// In a process of its own: what another row has grown is not in its memory.
FleetCost apart(const std::function<FleetCost()>& run) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("make a pipe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      const FleetCost cost = run();
      code = ::write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1;
    } catch (const std::exception& failure) {
      fmt::print(stderr, "e2b_fleet_bench: {}\n", failure.what());
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  FleetCost cost;
  const bool told = ::read(ends[0], &cost, sizeof cost) == sizeof cost;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!told || status != 0) throw std::runtime_error("a row could not be measured");
  return cost;
}

FleetCost through_sdk(const InstalledSdk& sdk, const FleetWork& work) {
  std::string line =
      fmt::format("E2B_API_URL={0} E2B_SANDBOX_URL={0} E2B_API_KEY={1} PYTHONPATH='{2}'", work.url,
                  work.key, sdk.python_path);
  for (const std::string& word : sdk.command) line += fmt::format(" '{}'", word);
  line += fmt::format(" {} {} {}", work.jobs, work.sandboxes, work.seconds);
  FILE* pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("start " + sdk.name);
  std::string told;
  char piece[256];
  while (std::fgets(piece, sizeof piece, pipe) != nullptr) told += piece;
  const json answer = json::parse(told, nullptr, false);
  if (::pclose(pipe) != 0 || !answer.is_object()) {
    throw std::runtime_error(sdk.name + " did not do the work: " + told);
  }
  FleetCost cost;
  cost.wall_seconds = answer.at("wall").get<double>();
  cost.cpu_seconds = answer.at("cpu").get<double>();
  cost.memory_bytes = answer.at("memory").get<double>();
  return cost;
}

class Bench {
 public:
  Bench(Options options, const fs::path& folder) : options_(std::move(options)), folder_(folder) {}

  void run() {
    const auto plain = start("plain", "");
    std::optional<double> ours;
    if (wanted("launcher")) ours = launcher_row("launcher", *plain, false).cpu_seconds;
    if (wanted("launcher, sandboxes there"))
      launcher_row("launcher, sandboxes there", *plain, true);
    if (wanted("runner")) {
      row("runner", apart([&] { return through_runner(work(*plain), made("runner")); }));
      check_left(*plain);
    }
    for (const InstalledSdk& sdk : newest_sdks(GENESIS_SOURCE_DIR, "sdk_fleet")) {
      if (wanted(sdk.name)) sdk_row(sdk, *plain, ours);
    }
    if (wanted("launcher over TLS")) tls_row();
    if (!options_.output.empty()) table_.write(options_.output);
  }

 private:
  bool wanted(const std::string& name) const {
    return options_.only.empty() || name.find(options_.only) != std::string::npos;
  }
  double ideal() const {
    return options_.work.seconds * options_.work.jobs / options_.work.sandboxes;
  }
  fs::path made(const std::string& name) const {
    fs::create_directories(folder_ / name);
    return folder_ / name;
  }
  std::unique_ptr<SandboxdProcess> start(const std::string& name, const std::string& more) const {
    const int room = options_.work.sandboxes + 100;
    return std::make_unique<SandboxdProcess>(
        made(name), fmt::format("max_sandboxes: {0}\nqueue_length: {0}\nteams:\n"
                                "  - {{name: bench, api_keys: [{1}], max_sandboxes: {0}}}\n{2}",
                                room, SandboxdProcess::key(), more));
  }
  FleetWork work(const SandboxdProcess& server) const {
    FleetWork work = options_.work;
    work.url = server.url();
    work.key = SandboxdProcess::key();
    return work;
  }

  FleetCost launcher_row(const std::string& name, const SandboxdProcess& server, bool warm) {
    FleetWork work = this->work(server);
    work.warm = warm;
    const FleetCost cost = apart([&] { return through_launcher(work, made("jobs-" + name)); });
    row(name, cost);
    const bool tls = server.url().rfind("https", 0) == 0;
    const double asked = tls ? kAskedBytesTls : kAskedBytes;
    if (!warm) {
      table_.add(name + ": memory of a live sandbox", cost.memory_bytes, "bytes", asked,
                 cost.memory_bytes / asked);
    }
    if (cost.sandboxes_at_once != work.sandboxes) {
      fmt::print("  {} sandboxes worked at a time\n", cost.sandboxes_at_once);
    }
    if (!tls) check_left(server);
    return cost;
  }

  void row(const std::string& name, const FleetCost& cost) {
    table_.add(name + ": wall time", cost.wall_seconds, "s", kAskedOfIdeal * ideal(),
               cost.wall_seconds / (kAskedOfIdeal * ideal()));
    const double millis = cost.cpu_seconds * 1000 / options_.work.jobs;
    table_.add(name + ": processor time of one", millis, "ms", kAskedMillis, millis / kAskedMillis);
  }

  void sdk_row(const InstalledSdk& sdk, const SandboxdProcess& server, std::optional<double> ours) {
    const FleetCost cost = through_sdk(sdk, work(server));
    table_.add(sdk.name + ": wall time", cost.wall_seconds, "s", kAskedOfIdeal * ideal(),
               cost.wall_seconds / (kAskedOfIdeal * ideal()));
    const double millis = cost.cpu_seconds * 1000 / options_.work.jobs;
    const double asked = ours ? kAskedOfSdk * *ours * 1000 / options_.work.jobs : millis;
    table_.add(sdk.name + ": processor time of one", millis, "ms", asked, millis / asked);
    table_.add(sdk.name + ": memory of a live sandbox", cost.memory_bytes, "bytes", kAskedBytes,
               cost.memory_bytes / kAskedBytes);
    check_left(server);
  }

  void tls_row() {
    const std::string base = (folder_ / "tls").string();
    const std::string line = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout '{0}.key' -out '{0}.pem' "
        "2>/dev/null",
        base);
    if (std::system(line.c_str()) != 0) {
      fmt::print("no openssl: not measured over TLS\n");
      return;
    }
    ::setenv("SSL_CERT_FILE", (base + ".pem").c_str(), 1);
    const auto server =
        start("secured", fmt::format("tls: {{certificate: {0}.pem, key: {0}.key}}\n", base));
    launcher_row("launcher over TLS", *server, false);
    ::unsetenv("SSL_CERT_FILE");
  }

  void check_left(const SandboxdProcess& server) const {
    BareHttp http(server.port());
    std::vector<std::string> left;
    for (int tries = 0; tries < 1000; ++tries) {
      left = server.remains(http);
      if (left.empty()) return;
      ::usleep(10'000);
    }
    throw std::runtime_error(fmt::format("{} things are left, such as {}", left.size(), left[0]));
  }

  Options options_;
  fs::path folder_;
  Table table_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const TempDir folder("gfl");
    Bench(options_of(argc, argv), folder.path()).run();
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "e2b_fleet_bench: {}\n", failure.what());
    return 1;
  }
}
