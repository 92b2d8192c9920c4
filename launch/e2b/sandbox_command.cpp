#include "launch/e2b/sandbox_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "genesis/base/clock.h"
#include "genesis/base/text.h"
#include "launch/e2b/json_reading.h"
#include "launch/e2b/sandbox_cli.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;
using nlohmann::json;
using std::chrono::seconds;
using std::chrono::system_clock;

namespace {

/// What all of these commands may be given; each reads what it has options for.
struct SandboxOptions {
  NewSandbox made;
  seconds lifetime{300};
  std::vector<std::string> ids;
  std::map<std::string, std::string> metadata;
  std::string run;
  bool as_json = false;
  bool metrics = false;
  bool logs = false;
  bool no_internet = false;
  bool yes = false;
};
using Options = std::shared_ptr<SandboxOptions>;

std::string time_text(system_clock::time_point time) {
  if (time == system_clock::time_point()) return "-";
  char buffer[32];
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return std::string(utc_timestamp(since.count(), buffer));
}

std::string metadata_text(const std::map<std::string, std::string>& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    if (!text.empty()) text += ' ';
    text += key + '=' + value;
  }
  return text;
}

std::string state_text(SandboxState state) {
  return state == SandboxState::paused ? "paused" : "running";
}

std::string template_text(const SandboxInfo& info) {
  return info.alias.empty() ? info.sandbox_template : info.alias;
}

json json_of(const SandboxInfo& info) {
  json object;
  object["id"] = info.id;
  object["template"] = template_text(info);
  object["state"] = state_text(info.state);
  object["started_at"] = time_text(info.started_at);
  object["ends_at"] = time_text(info.ends_at);
  object["cpus"] = info.cpus;
  object["memory_mb"] = info.memory_mb;
  object["metadata"] = info.metadata;
  return object;
}

void print_sandboxes(const std::vector<SandboxInfo>& sandboxes) {
  std::vector<std::vector<std::string>> rows{
      {"ID", "TEMPLATE", "STATE", "STARTED", "ENDS", "METADATA"}};
  for (const SandboxInfo& info : sandboxes) {
    rows.push_back({info.id, template_text(info), state_text(info.state),
                    time_text(info.started_at), time_text(info.ends_at),
                    metadata_text(info.metadata)});
  }
  fmt::print("{}", table(rows));
}

tl::unexpected<Error> failed(const Failure& failure) {
  return tl::unexpected<Error>(to_error(failure));
}

Awaitable<Result<int>> create(Options given, asio::io_context&, HttpProvider& provider) {
  NewSandbox what = given->made;
  what.lifetime = given->lifetime;
  if (given->no_internet) what.allow_internet_access = false;
  const auto made = co_await provider.create(std::move(what));
  if (!made) co_return failed(made.error());
  if (!given->as_json) {
    fmt::print("{}\n", made->id);
    co_return 0;
  }
  json object;
  object["id"] = made->id;
  object["agent_version"] = made->agent_version;
  object["host"] = provider.addressing().host(made->id, made->domain, kAgentPort);
  fmt::print("{}\n", json_text(object));
  co_return 0;
}

Awaitable<Result<int>> list(Options given, asio::io_context&, HttpProvider& provider) {
  const auto found = co_await provider.list(given->metadata);
  if (!found) co_return failed(found.error());
  if (!given->as_json) {
    print_sandboxes(*found);
    co_return 0;
  }
  json all = json::array();
  for (const SandboxInfo& info : *found) all.push_back(json_of(info));
  fmt::print("{}\n", json_text(all));
  co_return 0;
}

Awaitable<Result<int>> templates(Options given, asio::io_context&, HttpProvider& provider) {
  const auto found = co_await provider.control().templates();
  if (!found) co_return failed(found.error());
  std::vector<std::vector<std::string>> rows{{"TEMPLATE", "NAMES", "CPUS", "MEMORY"}};
  json all = json::array();
  for (const TemplateInfo& made : *found) {
    rows.push_back({made.id, join(made.names, ","), std::to_string(made.cpus),
                    format_bytes(made.memory_mb << 20)});
    json object;
    object["id"] = made.id;
    object["names"] = made.names;
    object["cpus"] = made.cpus;
    object["memory_mb"] = made.memory_mb;
    all.push_back(std::move(object));
  }
  fmt::print("{}", given->as_json ? json_text(all) + "\n" : table(rows));
  co_return 0;
}

Awaitable<Result<int>> info(Options given, asio::io_context&, HttpProvider& provider) {
  const std::string id = given->ids.front();
  const auto found = co_await provider.info(id);
  if (!found) co_return failed(found.error());
  json object = json_of(*found);
  if (given->metrics) {
    const auto samples = co_await provider.control().metrics(id);
    if (!samples) co_return failed(samples.error());
    object["metrics"] = json::array();
    for (const SandboxMetrics& sample : *samples) {
      json one;
      one["at"] = time_text(sample.at);
      one["cpu_percent"] = sample.cpu_percent;
      one["memory_used"] = sample.memory_used;
      one["memory_total"] = sample.memory_total;
      one["disk_used"] = sample.disk_used;
      one["disk_total"] = sample.disk_total;
      object["metrics"].push_back(std::move(one));
    }
  }
  if (given->logs) {
    const auto lines = co_await provider.control().logs(id, 1000);
    if (!lines) co_return failed(lines.error());
    object["log"] = json::array();
    for (const LogLine& line : *lines) {
      object["log"].push_back(
          fmt::format("{} {} {}", time_text(line.at), line.level, line.message));
    }
  }
  fmt::print("{}\n", object.dump(2, ' ', false, json::error_handler_t::replace));
  co_return 0;
}

/// The same for each; the first that fails ends it, what there was not is said.
Awaitable<Result<int>> kill(Options given, asio::io_context&, HttpProvider& provider) {
  int code = 0;
  for (const std::string& id : given->ids) {
    const auto ended = co_await provider.kill(id);
    if (!ended) co_return failed(ended.error());
    if (*ended) continue;
    fmt::print(stderr, "genesis: there is no sandbox {}\n", id);
    code = 1;
  }
  co_return code;
}

Awaitable<Result<int>> pause(Options given, asio::io_context&, HttpProvider& provider) {
  for (const std::string& id : given->ids) {
    const auto paused = co_await provider.control().pause(id);
    if (!paused) co_return failed(paused.error());
    if (!*paused) fmt::print(stderr, "genesis: sandbox {} was paused already\n", id);
  }
  co_return 0;
}

Awaitable<Result<int>> resume(Options given, asio::io_context&, HttpProvider& provider) {
  for (const std::string& id : given->ids) {
    const auto resumed = co_await provider.connect(id, given->lifetime);
    if (!resumed) co_return failed(resumed.error());
  }
  co_return 0;
}

Awaitable<Result<int>> sweep(Options given, asio::io_context&, HttpProvider& provider) {
  std::map<std::string, std::string> wanted;
  if (!given->run.empty()) wanted["genesis_run"] = given->run;
  auto found = co_await provider.list(wanted);
  if (!found) co_return failed(found.error());
  std::erase_if(*found,
                [](const SandboxInfo& each) { return each.metadata.count("genesis_run") == 0; });
  if (found->empty()) {
    fmt::print("No sandbox of a run of Genesis is left.\n");
    co_return 0;
  }
  print_sandboxes(*found);
  if (!given->yes) {
    fmt::print("\nNothing was ended. With --yes these are, whether their runs go on or not.\n");
    co_return 0;
  }
  std::size_t ended = 0;
  for (const SandboxInfo& each : *found) {
    const auto killed = co_await provider.kill(each.id);
    if (!killed) co_return failed(killed.error());
    if (*killed) ++ended;
  }
  fmt::print("\nEnded {} of {}.\n", ended, found->size());
  co_return 0;
}

using Task = Awaitable<Result<int>> (*)(Options, asio::io_context&, HttpProvider&);

Command make(const Options& given, const char* name, const char* summary, const char* examples,
             Task task) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.examples = examples;
  command.run = [given, task]() -> Result<int> {
    return with_provider([given, task](asio::io_context& io, HttpProvider& provider) {
      return task(given, io, provider);
    });
  };
  return command;
}

CommandArgument ids_argument(const Options& given, bool many) {
  return {many ? "SANDBOXES" : "SANDBOX", many ? "Their ids" : "Its id", true, many,
          [given](const std::string& id) -> Status {
            given->ids.push_back(id);
            return {};
          }};
}

Command create_command(const Options& given) {
  Command command = make(given, "create", "Make a sandbox and print its id",
                         "  genesis sandbox create\n"
                         "  genesis sandbox create --template big --timeout 2h --metadata who=me",
                         create);
  command.options = {
      {"--template", "NAME", "What it is made of (base)", text_into(given->made.sandbox_template)},
      {"--timeout", "TIME", "How long it lives, like 90 or 10m (300)",
       seconds_into(given->lifetime)},
      {"--metadata", "KEY=VALUE", "To find it by; may be repeated",
       pair_into(given->made.metadata)},
      {"--env", "KEY=VALUE", "A variable for all its commands; may be repeated",
       pair_into(given->made.environment)},
      {"--no-internet", "", "Without a way out, where the provider can",
       set_flag(given->no_internet)},
      {"--json", "", "One JSON object", set_flag(given->as_json)}};
  return command;
}

Command list_command(const Options& given) {
  Command command = make(given, "list", "List the sandboxes that there are",
                         "  genesis sandbox list\n"
                         "  genesis sandbox list --metadata genesis_run=RUN --json",
                         list);
  command.options = {{"--metadata", "KEY=VALUE", "Only those that have it; may be repeated",
                      pair_into(given->metadata)},
                     {"--json", "", "One JSON array", set_flag(given->as_json)}};
  return command;
}

Command info_command(const Options& given) {
  Command command = make(given, "info", "Show a sandbox as JSON",
                         "  genesis sandbox info ID\n"
                         "  genesis sandbox info ID --metrics --logs",
                         info);
  command.options = {
      {"--metrics", "", "What it used of processors, memory, disk", set_flag(given->metrics)},
      {"--logs", "", "What its provider logged", set_flag(given->logs)}};
  command.arguments = {ids_argument(given, false)};
  return command;
}

Command sweep_command(const Options& given) {
  Command command =
      make(given, "sweep", "Find the sandboxes that runs of Genesis left, and end them",
           "  genesis sandbox sweep               what there is\n"
           "  genesis sandbox sweep --run RUN --yes",
           sweep);
  command.options = {{"--run", "RUN", "Only those of this run (its id)", text_into(given->run)},
                     {"--yes", "", "End them", set_flag(given->yes)}};
  return command;
}

}  // namespace

Command sandbox_command() {
  const auto given = std::make_shared<SandboxOptions>();
  Command command;
  command.name = "sandbox";
  command.summary = "Make, use and end sandboxes of E2B or its kind by hand";
  command.examples =
      R"(  id=$(genesis sandbox create --timeout 1h)
  genesis sandbox cp program.py $id:program.py
  genesis sandbox exec $id -- python3 program.py
  genesis sandbox kill $id

Which provider: E2B_API_KEY, and E2B_DOMAIN or E2B_API_URL and E2B_SANDBOX_URL for another one than the
cloud. With none of them: this machine, by the server that runs without a key share (docs/e2b.md).)";
  command.commands.push_back(create_command(given));
  command.commands.push_back(list_command(given));
  Command shown = make(given, "templates", "List what sandboxes can be made of",
                       "  genesis sandbox templates", templates);
  shown.options = {{"--json", "", "One JSON array", set_flag(given->as_json)}};
  command.commands.push_back(std::move(shown));
  command.commands.push_back(info_command(given));
  command.commands.push_back(exec_command());
  command.commands.push_back(copy_command());
  for (auto& [name, summary, examples, task] :
       {std::tuple<const char*, const char*, const char*, Task>{"kill", "End sandboxes",
                                                                "  genesis sandbox kill ID", kill},
        {"pause", "Freeze sandboxes; they wait", "  genesis sandbox pause ID", pause},
        {"resume", "Let paused sandboxes go on", "  genesis sandbox resume ID --timeout 1h",
         resume}}) {
    Command made = make(given, name, summary, examples, task);
    made.arguments = {ids_argument(given, true)};
    if (made.name == "resume") {
      made.options = {{"--timeout", "TIME", "How long it then lives at least (300)",
                       seconds_into(given->lifetime)}};
    }
    command.commands.push_back(std::move(made));
  }
  command.commands.push_back(sweep_command(given));
  return command;
}

}  // namespace genesis::launch::e2b
