// Makes one call of the client of E2B's protocol, by its name, against the provider of the
// environment: for tests that look at what is sent (tests/system/e2b_recorded_test.py).
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include "launch/e2b/http_provider.h"
#include "launch/e2b/signed_url.h"

namespace {

namespace asio = boost::asio;
using namespace genesis::launch::e2b;
using std::chrono::seconds;

SandboxHandle sandbox() {
  SandboxHandle handle;
  handle.id = "isb1abc";
  handle.access_token = "tok123";
  handle.agent_version = "0.6.13";
  return handle;
}

RemoteCommand command() {
  RemoteCommand made;
  made.argv = {"/bin/bash", "-l", "-c", "echo hi"};
  made.environment = {{"B", "2"}};
  made.cwd = "/tmp";
  made.time_limit = seconds(60);
  return made;
}

/// What a call gave, in a word.
template <typename T>
Awaitable<std::string> told(Awaitable<Outcome<T>> call) {
  const auto outcome = co_await std::move(call);
  if (!outcome) {
    co_return fmt::format("{}: {}", to_string(outcome.error().kind), outcome.error().message);
  }
  co_return "done";
}

using Call = std::function<Awaitable<std::string>(HttpProvider&)>;

void add_control_calls(std::map<std::string, Call>& calls) {
  calls["create"] = [](HttpProvider& p) {
    NewSandbox what;
    what.lifetime = seconds(120);
    what.metadata = {{"a b", "c&d"}};
    what.environment = {{"A", "1"}};
    what.allow_internet_access = true;
    what.idempotency_key = "attempt-17";
    return told(p.create(std::move(what)));
  };
  calls["create_pausing"] = [](HttpProvider& p) {
    NewSandbox what;
    what.lifetime = seconds(120);
    what.metadata = {{"a", "b"}};
    what.environment = {{"A", "1"}};
    what.pause_at_end = true;
    return told(p.create(std::move(what)));
  };
  calls["connect"] = [](HttpProvider& p) { return told(p.connect("isb1abc", seconds(120))); };
  calls["info"] = [](HttpProvider& p) { return told(p.info("isb1abc")); };
  calls["list"] = [](HttpProvider& p) {
    ListFilter filter;
    filter.metadata = {{"a b", "c&d"}, {"x", "y=z/\xc3\xa9"}};
    filter.state = SandboxState::running;
    filter.limit = 50;
    return told(p.control().list(std::move(filter)));
  };
  calls["kill"] = [](HttpProvider& p) { return told(p.kill("isb1abc")); };
  calls["set_timeout"] = [](HttpProvider& p) {
    return told(p.set_lifetime("isb1abc", seconds(90)));
  };
  calls["pause"] = [](HttpProvider& p) { return told(p.control().pause("isb1abc")); };
  calls["snapshot"] = [](HttpProvider& p) {
    return told(p.control().create_snapshot("isb1abc", "prepared"));
  };
  calls["snapshots"] = [](HttpProvider& p) { return told(p.control().snapshots("isb1abc")); };
  calls["delete_snapshot"] = [](HttpProvider& p) {
    return told(p.control().delete_snapshot("team/snap:default"));
  };
  calls["metrics"] = [](HttpProvider& p) { return told(p.control().metrics("isb1abc")); };
}

void add_network_calls(std::map<std::string, Call>& calls) {
  calls["create_with_network"] = [](HttpProvider& p) {
    NewSandbox what;
    what.lifetime = seconds(120);
    what.metadata = {{"a", "b"}};
    what.environment = {{"A", "1"}};
    what.pause_at_end = true;
    what.resume_by_traffic = true;
    what.network = NetworkRules();
    what.network->allow_out = {"1.1.1.1", "*.example.com"};
    what.network->deny_out = {"0.0.0.0/0"};
    what.public_traffic = false;
    what.request_host = "localhost:${PORT}";
    return told(p.create(std::move(what)));
  };
  calls["set_network"] = [](HttpProvider& p) {
    NetworkRules rules;
    rules.allow_out = {"1.1.1.1"};
    rules.deny_out = {"10.0.0.0/8"};
    rules.headers["example.com"] = {{"X-Who", "me"}};
    rules.proxy = "proxy.example.com:1080";
    rules.proxy_user = "u";
    rules.proxy_password = "p";
    return told(p.control().set_network("isb1abc", std::move(rules), std::nullopt));
  };
  calls["clear_network"] = [](HttpProvider& p) {
    return told(p.control().set_network("isb1abc", NetworkRules(), false));
  };
  calls["fork"] = [](HttpProvider& p) { return told(p.control().fork("isb1abc", seconds(90), 3)); };
}

NewTemplate new_template() {
  NewTemplate what;
  what.name = "team/tools:v1";
  what.tags = {"stable"};
  what.cpus = 4;
  what.memory_mb = 2048;
  return what;
}

TemplateBuild known_build() {
  TemplateBuild build;
  build.template_id = "tpl/1";
  build.build_id = "bld1";
  return build;
}

TemplateRecipe recipe() {
  TemplateRecipe made;
  made.from_image = "python:3";
  made.copy("src", "/app/", "root", "0755");
  made.run("make -C /app", "root");
  made.pip_install({"numpy", "scipy"});
  made.environment({{"A", "1"}, {"B", "2 3"}});
  made.work_folder("/app");
  made.user("worker");
  made.start_command = "serve";
  made.ready_command = "[ -f /ready ]";
  return made;
}

void add_template_calls(std::map<std::string, Call>& calls) {
  // The folder of COPY's files is in the environment: the official SDK hashes the same one.
  calls["template_build"] = [](HttpProvider& p) {
    return told(p.templates().build(new_template(), recipe(), std::getenv("E2B_CALLS_FOLDER"), {}));
  };
  calls["template_exists"] = [](HttpProvider& p) {
    return told(p.templates().exists("team/tools"));
  };
  calls["template_tag"] = [](HttpProvider& p) {
    return told(p.templates().assign_tags("team/tools:v1", {"a", "b"}));
  };
  calls["template_untag"] = [](HttpProvider& p) {
    return told(p.templates().remove_tags("team/tools", {"a"}));
  };
  calls["template_tags"] = [](HttpProvider& p) { return told(p.templates().tags("team/tools")); };
  calls["template_status"] = [](HttpProvider& p) {
    return told(p.templates().build_status(known_build(), 7));
  };
}

void add_process_calls(std::map<std::string, Call>& calls) {
  calls["run"] = [](HttpProvider& p) { return told(p.run(sandbox(), command(), 1000)); };
  calls["run_as_user"] = [](HttpProvider& p) {
    RemoteCommand made = command();
    made.user = "root";
    made.time_limit.reset();
    return told(p.run(sandbox(), std::move(made), 1000));
  };
  calls["run_with_input"] = [](HttpProvider& p) {
    RemoteCommand made = command();
    made.wants_stdin = true;
    return told(p.start(sandbox(), std::move(made)));
  };
  calls["follow"] = [](HttpProvider& p) { return told(p.follow(sandbox(), 42)); };
  calls["kill_process"] = [](HttpProvider& p) { return told(p.signal(sandbox(), 42, true)); };
  calls["list_processes"] = [](HttpProvider& p) { return told(p.processes().list(sandbox())); };
  calls["send_stdin"] = [](HttpProvider& p) {
    return told(p.processes().send_input(sandbox(), 42, "h\xc3\xa9llo", false));
  };
  calls["close_stdin"] = [](HttpProvider& p) {
    return told(p.processes().close_input(sandbox(), 42));
  };
  calls["terminal"] = [](HttpProvider& p) {
    RemoteCommand shell;
    shell.argv = {"/bin/bash", "-i", "-l"};
    shell.environment = {{"TERM", "xterm-256color"}, {"LANG", "C.UTF-8"}, {"LC_ALL", "C.UTF-8"}};
    shell.time_limit = seconds(60);
    return told(p.processes().start(sandbox(), std::move(shell), TerminalSize()));
  };
  calls["terminal_input"] = [](HttpProvider& p) {
    return told(p.processes().send_input(sandbox(), 42, "ls\n", true));
  };
  calls["terminal_size"] = [](HttpProvider& p) {
    TerminalSize size;
    size.columns = 100;
    size.rows = 30;
    return told(p.processes().resize(sandbox(), 42, size));
  };
}

void add_file_calls(std::map<std::string, Call>& calls) {
  calls["write"] = [](HttpProvider& p) {
    return told(p.write_file(sandbox(), "/tmp/a b+c", std::string("by\0tes\xff", 7), ""));
  };
  calls["write_as_user"] = [](HttpProvider& p) {
    return told(p.write_file(sandbox(), "x", "bytes", "root"));
  };
  calls["write_many"] = [](HttpProvider& p) {
    std::vector<FileText> files;
    files.emplace_back("/tmp/a b", "one");
    files.emplace_back("deep/two", "");
    return told(p.write_files(sandbox(), std::move(files), "root"));
  };
  calls["write_to_old_agent"] = [](HttpProvider& p) {
    SandboxHandle old = sandbox();
    old.agent_version = "0.2.10";
    return told(p.write_file(std::move(old), "dir/\"x\"", "bytes", ""));
  };
  calls["read"] = [](HttpProvider& p) {
    return told(p.read_file(sandbox(), "/tmp/a b+c", 99, ""));
  };
  calls["write_packed"] = [](HttpProvider& p) {
    FileOptions options;
    options.gzip = true;
    options.metadata = {{"Who", "me & you"}};
    return told(p.files().write(sandbox(), "/tmp/x", std::string(100000, 'x'), options));
  };
  calls["read_packed"] = [](HttpProvider& p) {
    FileOptions options;
    options.gzip = true;
    return told(p.files().read(sandbox(), "/tmp/x", 1000, options));
  };
  calls["stat"] = [](HttpProvider& p) { return told(p.folders().stat(sandbox(), "/x", "")); };
  calls["list_folder"] = [](HttpProvider& p) {
    return told(p.folders().list(sandbox(), "/x", 2, "root"));
  };
  calls["make_folder"] = [](HttpProvider& p) {
    return told(p.folders().make(sandbox(), "/x", ""));
  };
  calls["move"] = [](HttpProvider& p) { return told(p.folders().move(sandbox(), "/x", "/y", "")); };
  calls["remove"] = [](HttpProvider& p) { return told(p.folders().remove(sandbox(), "/x", "")); };
  calls["watch"] = [](HttpProvider& p) {
    return told(p.folders().watch(sandbox(), "/x", true, ""));
  };
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, Call> calls;
  add_control_calls(calls);
  add_network_calls(calls);
  add_template_calls(calls);
  add_process_calls(calls);
  add_file_calls(calls);
  const auto address = Addressing::from(address_settings_of_environment());
  if (argc != 2 || !address) return 2;
  if (std::string(argv[1]) == "names") {
    for (const auto& [name, call] : calls) fmt::print("{}\n", name);
    return 0;
  }
  if (std::string(argv[1]) == "signed") {
    fmt::print("{}\n",
               *signed_file_url(*address, sandbox(), "/a b.txt", false, "root", 4'000'000'000));
    return 0;
  }
  const auto found = calls.find(argv[1]);
  if (found == calls.end()) return 2;
  asio::io_context io{1};
  HttpProvider provider(io, *address);
  std::string word;
  asio::co_spawn(io, found->second(provider), [&](std::exception_ptr failure, std::string said) {
    if (failure) std::rethrow_exception(failure);
    word = std::move(said);
    io.stop();
  });
  io.run();
  fmt::print("{}\n", word);
  return word == "done" ? 0 : 1;
}
