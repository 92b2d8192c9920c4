#include "genesis/hooks/hook_runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>

#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/hooks/command_delivery.h"
#include "genesis/hooks/hook_log.h"
#include "genesis/hooks/hook_queue.h"
#include "genesis/hooks/webhook_delivery.h"
#include "genesis/process/child_watcher.h"

namespace genesis::hooks {
namespace {

using std::chrono::milliseconds;
using Values = std::map<std::string, std::string, std::less<>>;

/// What is cancelled has ended long before; a process stuck in the kernel is not waited for.
constexpr milliseconds kLongestEnding{2000};

Result<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == 0) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("the environment variable {} is not set", name));
  }
  register_secret(value);
  return std::string(value);
}

/// The person's own environment, but for what an outer event may have left there.
std::vector<std::string> command_environment(std::string_view hook, const Values& values) {
  std::vector<std::string> entries = event_environment(hook, values);
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(entries.begin(), entries.end(), [&](const std::string& own) {
      return own.size() > name.size() && own.starts_with(name) && own[name.size()] == '=';
    });
    if (!replaced) entries.emplace_back(text);
  }
  return entries;
}

}  // namespace

/// One hook with its queue and what is on its way.
struct Hook {
  Hook(boost::asio::io_context& io, HookConfig given)
      : config(std::move(given)), queue({config.min_interval, config.retries}), timer(io) {
    counts.hook = config.name;
  }

  HookConfig config;
  HookQueue queue;
  boost::asio::steady_timer timer;
  std::unique_ptr<Delivery> delivery;
  std::string on_its_way;  ///< "improvement (12)"
  HookCounts counts;
  bool failing = false;
};

struct HookRunner::State : std::enable_shared_from_this<HookRunner::State> {
  State(boost::asio::io_context& loop, const Clock& time, Setup given)
      : io(loop),
        clock(time),
        setup(std::move(given)),
        log(setup.log_file),
        watcher(loop),
        limit(loop) {
    for (HookConfig& config : setup.hooks) hooks.push_back(std::make_unique<Hook>(io, config));
  }

  void tell(const events::Announcement& event) {
    if (closing) return;
    for (const auto& hook : hooks) {
      if (!hook->config.events.contains(event.event)) continue;
      hook->queue.offer(event);
      pump(*hook);
    }
  }

  void pump(Hook& hook) {
    const auto now = clock.steady();
    if (auto event = hook.queue.take(now)) return start(hook, *event);
    hook.timer.cancel();
    const auto next = hook.queue.next_time(now);
    if (!next) return;
    hook.timer.expires_after(std::max(*next - now, HookQueue::Time::duration(milliseconds(1))));
    hook.timer.async_wait([weak = weak_from_this(), &hook](const boost::system::error_code& off) {
      const auto self = weak.lock();
      if (self && !off) self->pump(hook);
    });
  }

  void start(Hook& hook, const events::Announcement& event) {
    hook.on_its_way = fmt::format("{} ({})", event.event, event.seq);
    const Values values = placeholders(event, setup.run);
    auto on_end = [weak = weak_from_this(), &hook](DeliveryResult result) {
      if (const auto self = weak.lock()) self->ended(hook, result);
    };
    auto begun = hook.config.is_webhook() ? by_web(hook.config, values, on_end)
                                          : by_command(hook.config, values, on_end);
    if (begun) {
      hook.delivery = std::move(*begun);
      return;
    }
    DeliveryResult refused;
    refused.worth_retrying = false;
    refused.detail = begun.error().message;
    boost::asio::post(io, [on_end, refused] { on_end(refused); });
  }

  Result<std::unique_ptr<Delivery>> by_command(const HookConfig& config, const Values& values,
                                               DeliveryHandler on_end) {
    CommandCall call;
    for (const std::string& word : config.command) call.argv.push_back(fill(word, values));
    call.environment = command_environment(config.name, values);
    call.input = values.find("json")->second + "\n";
    call.timeout = config.timeout;
    return deliver_by_command(io, watcher, std::move(call), std::move(on_end));
  }

  Result<std::unique_ptr<Delivery>> by_web(const HookConfig& config, const Values& values,
                                           DeliveryHandler on_end) {
    WebCall call;
    call.method = config.method;
    call.url = config.url;
    if (!config.url_variable.empty()) {
      GENESIS_TRY_ASSIGN(call.url, variable(config.url_variable));
    }
    call.headers.emplace_back("Content-Type", "application/json");
    for (const Header& header : config.headers) {
      std::string value = header.value;
      if (!header.variable.empty()) {
        GENESIS_TRY_ASSIGN(value, variable(header.variable));
      }
      call.headers.emplace_back(header.name, std::move(value));
    }
    call.body = config.body.empty() ? values.find("json")->second : fill_json(config.body, values);
    call.timeout = config.timeout;
    return deliver_by_request(io, std::move(call), std::move(on_end));
  }

  void ended(Hook& hook, const DeliveryResult& result) {
    hook.delivery.reset();
    const auto now = clock.steady();
    const bool again = !result.delivered && hook.queue.failed(now, result.worth_retrying);
    log.add(clock.unix_millis(),
            fmt::format("{}: {}: {}{}", hook.config.name, hook.on_its_way, result.detail,
                        again ? "; will be tried again" : ""),
            result.output);
    if (result.delivered) {
      hook.queue.delivered(now);
      ++hook.counts.delivered;
      if (std::exchange(hook.failing, false)) {
        setup.notice(fmt::format("hook '{}' works again", hook.config.name));
      }
    } else if (!again) {
      ++hook.counts.failed;
      hook.counts.last_failure = redact(result.detail);
      if (!std::exchange(hook.failing, true)) {
        setup.notice(
            redact(fmt::format("hook '{}' failed on {}: {} (see .genesis/{})", hook.config.name,
                               hook.on_its_way, result.detail, log.file().filename().string())));
      }
    }
    if (!given_up) pump(hook);
    settle();
  }

  bool idle() const {
    return std::all_of(hooks.begin(), hooks.end(), [&](const auto& hook) {
      return given_up ? hook->delivery == nullptr : hook->queue.idle();
    });
  }

  void settle() {
    if (!closing || !on_finished || !idle()) return;
    limit.cancel();
    boost::asio::post(io, std::exchange(on_finished, nullptr));
  }

  void wait_at_most(milliseconds most, void (State::*then)()) {
    limit.expires_after(most);
    limit.async_wait([weak = weak_from_this(), then](const boost::system::error_code& stopped) {
      const auto self = weak.lock();
      if (self && !stopped) (self.get()->*then)();
    });
  }

  void finish(milliseconds most, std::function<void()> done) {
    closing = true;
    on_finished = std::move(done);
    for (const auto& hook : hooks) {
      hook->queue.hurry();
      pump(*hook);
    }
    wait_at_most(most, &State::give_up);
    settle();
  }

  void give_up() {
    if (!closing || std::exchange(given_up, true)) return;
    wait_at_most(kLongestEnding, &State::leave);
    for (const auto& hook : hooks) {
      hook->timer.cancel();
      const std::size_t untold = hook->queue.waiting();
      hook->counts.failed += static_cast<std::int64_t>(untold);
      if (untold > 0) {
        hook->counts.last_failure = "no time left at the end of the run";
        log.add(clock.unix_millis(), fmt::format("{}: {} events were not told: no time left at the "
                                                 "end of the run",
                                                 hook->config.name, untold));
      }
      if (hook->delivery) hook->delivery->cancel();
    }
    settle();
  }

  void leave() {
    for (const auto& hook : hooks) hook->delivery.reset();
    settle();
  }

  boost::asio::io_context& io;
  const Clock& clock;
  Setup setup;
  HookLog log;
  process::ChildWatcher watcher;
  boost::asio::steady_timer limit;
  std::vector<std::unique_ptr<Hook>> hooks;
  std::function<void()> on_finished;
  bool closing = false;
  bool given_up = false;
};

HookRunner::HookRunner(boost::asio::io_context& io, const Clock& clock, Setup setup)
    : state_(std::make_shared<State>(io, clock, std::move(setup))) {}

HookRunner::~HookRunner() {
  // Handlers hold it weakly: nothing of it is called any more.
  for (const auto& hook : state_->hooks) hook->delivery.reset();
}

void HookRunner::tell(const events::Announcement& event) {
  state_->tell(event);
}

void HookRunner::finish(milliseconds most, std::function<void()> done) {
  state_->finish(most, std::move(done));
}

void HookRunner::give_up() {
  state_->give_up();
}

std::vector<HookCounts> HookRunner::counts() const {
  std::vector<HookCounts> counts;
  for (const auto& hook : state_->hooks) {
    counts.push_back(hook->counts);
    counts.back().left_out = hook->queue.left_out();
  }
  return counts;
}

std::string describe(const std::vector<HookCounts>& counts) {
  std::string text;
  for (const HookCounts& hook : counts) {
    if (hook.delivered + hook.failed == 0) continue;
    text += fmt::format("{}{} {} delivered", text.empty() ? "" : "; ", hook.hook, hook.delivered);
    if (hook.left_out > 0) text += fmt::format(", {} left out", hook.left_out);
    if (hook.failed > 0) text += fmt::format(", {} failed ({})", hook.failed, hook.last_failure);
  }
  return text;
}

}  // namespace genesis::hooks
