#include "launch/local/warm_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "genesis/base/home.h"
#include "genesis/base/log.h"
#include "genesis/process/process_family.h"

namespace genesis::launch {

namespace {

namespace fs = std::filesystem;
using State = WarmServer::State;

constexpr int kMostDeaths = 3;

/// Beside the program (bin/../lib), as it is built and installed.
std::string find_helper() {
  const fs::path helper =
      executable_path().parent_path().parent_path() / "lib" / "libgenesis_warm.so";
  std::error_code ignored;
  return fs::exists(helper, ignored) ? helper.string() : std::string();
}

std::string find_server_script() {
  const auto home = home_directory();
  if (!home) return {};
  const fs::path script = *home / "evaluators" / "python" / "genesis_warm" / "server.py";
  std::error_code ignored;
  return fs::exists(script, ignored) ? script.string() : std::string();
}

/// What jobs of one kind have in common, and nothing secret: libraries read it when they are
/// imported.
Environment environment_of_server(Environment environment) {
  environment.erase(std::string(process::kTokenVariable));
  environment.erase(std::string(process::kWorkDirVariable));
  environment.erase(std::string(kUnseenSeedVariable));
  std::erase_if(environment, [](const auto& entry) { return looks_like_secret(entry.first); });
  return environment;
}

std::string key_of(const std::string& python, const JobSpec& spec, const Environment& environment) {
  std::string key = python + '\0' + spec.argv[1] + '\0' + spec.warm->evaluator;
  for (const auto& [name, value] : environment) key += '\0' + name + '=' + value;
  return key;
}

}  // namespace

WarmPool::WarmPool(boost::asio::io_context& io, process::ChildWatcher& watcher, Settings settings,
                   std::function<void(std::string)> notice, std::function<void()> ready)
    : io_(io),
      watcher_(watcher),
      settings_(std::move(settings)),
      notice_(std::move(notice)),
      ready_(std::move(ready)) {}

WarmPool::~WarmPool() = default;

WarmPool::Choice WarmPool::choose(const std::string& python, const JobSpec& spec,
                                  const Environment& job_environment, const std::string& folder) {
  if (closed_ || settings_.mode == WarmStarts::never || !spec.warm || spec.argv.size() < 2 ||
      spec.token.size() >= WarmServer::kTokenRoom ||
      spec.work_dir.string().size() >= WarmServer::kWorkDirRoom) {
    return {};
  }
  const Environment environment = environment_of_server(job_environment);
  Kind& kind = kinds_[key_of(python, spec, environment)];
  ++kind.jobs;
  if (!kind.refusal.empty()) return {};
  const bool waits = settings_.mode == WarmStarts::always;
  WarmServer* chosen = nullptr;
  int starting = 0;
  int ready = 0;
  for (const auto& server : kind.servers) {
    if (server->state() == State::starting) ++starting;
    if (server->state() != State::ready) continue;
    ++ready;
    if (chosen == nullptr || server->pending() < chosen->pending()) chosen = server.get();
  }
  // One server imports at a time: the others come when it has shown that it can be done.
  const bool first = ready == 0 && (waits || kind.jobs > 1);
  const bool another = ready > 0 && chosen->pending() > 0 && ready < settings_.most_servers;
  if (starting == 0 && (first || another)) add_server(kind, python, spec, environment, folder);
  return {chosen, chosen == nullptr && waits && kind.refusal.empty()};
}

void WarmPool::add_server(Kind& kind, const std::string& python, const JobSpec& spec,
                          const Environment& environment, const std::string& folder) {
  WarmServerPlan plan;
  plan.python = python;
  plan.helper = find_helper();
  plan.server_script = find_server_script();
  if (plan.helper.empty() || plan.server_script.empty()) {
    return refuse(kind, plan.helper.empty()
                            ? "lib/libgenesis_warm.so was not found beside this program"
                            : "evaluators/python/genesis_warm was not found; set GENESIS_HOME");
  }
  plan.evaluator = spec.argv[1];
  for (const fs::path& file : spec.warm->scan) plan.scan.push_back(file.string());
  plan.environment = environment;
  plan.folder = folder;
  if (!settings_.log_folder.empty()) {
    plan.log_path = (settings_.log_folder / "warm_server.log").string();
  }
  plan.limits = settings_.limits;
  auto server = WarmServer::start(io_, watcher_, plan, [this, &kind] { look_after(kind); });
  if (!server) return refuse(kind, server.error().message);
  kind.servers.push_back(std::move(*server));
}

/// Kinds live as long as the pool, so the reference that servers hold is good.
void WarmPool::look_after(Kind& kind) {
  if (closed_) return;
  int deaths = 0;
  for (const auto& server : kind.servers) {
    if (server->state() == State::refused) return refuse(kind, server->reason());
    if (server->state() == State::gone) ++deaths;
  }
  if (deaths >= kMostDeaths) return refuse(kind, "its server keeps ending");
  ready_();
}

void WarmPool::refuse(Kind& kind, std::string why) {
  if (!kind.refusal.empty()) return;
  kind.refusal = std::move(why);
  notice_(fmt::format("evaluations start cold: {}", kind.refusal));
  ready_();
}

std::size_t WarmPool::pending() const {
  std::size_t count = 0;
  for (const auto& [key, kind] : kinds_) {
    for (const auto& server : kind.servers) count += server->pending();
  }
  return count;
}

void WarmPool::close() {
  closed_ = true;
  kinds_.clear();
}

}  // namespace genesis::launch
