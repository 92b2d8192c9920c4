#include "launch/e2b/doubtful_sandboxes.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <vector>

#include "genesis/base/log.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBetweenLooks{5};
/// A provider lets a creation wait in its queue; ours for 20 s.
constexpr seconds kSureAfter{30};
/// What has just been asked for may be in the making.
constexpr seconds kMaking{1};
constexpr int kMostLooks = 6;

}  // namespace

DoubtfulSandboxes::DoubtfulSandboxes(asio::io_context& io, std::shared_ptr<Provider> provider,
                                     std::map<std::string, std::string> metadata)
    : io_(io), provider_(std::move(provider)), metadata_(std::move(metadata)), timer_(io) {
  std::random_device random;
  prefix_ = fmt::format("{:08x}", random());
}

std::string DoubtfulSandboxes::new_mark() {
  return fmt::format("{}-{}", prefix_, ++last_mark_);
}

void DoubtfulSandboxes::made_perhaps(const std::string& mark) {
  marks_[mark] = Clock::now();
  look_soon();
}

void DoubtfulSandboxes::there_perhaps(const std::string& id) {
  ids_.insert(id);
  look_soon();
}

void DoubtfulSandboxes::stop() {
  stopped_ = true;
  timer_.cancel();
}

void DoubtfulSandboxes::look_soon() {
  if (stopped_ || std::exchange(looking_, true)) return;
  asio::co_spawn(
      io_, [self = shared_from_this()] { return self->look_until_sure(); }, asio::detached);
}

Awaitable<void> DoubtfulSandboxes::look_until_sure() {
  while (!stopped_ && !empty()) {
    co_await pause(kBetweenLooks);
    if (stopped_) break;
    const auto asked = Clock::now();
    const bool looked = co_await look();
    if (looked) {
      std::erase_if(marks_, [&](const auto& mark) { return asked - mark.second > kSureAfter; });
    }
  }
  looking_ = false;
}

Awaitable<void> DoubtfulSandboxes::settle() {
  stop();
  for (int i = 0; i < kMostLooks && !empty(); ++i) {
    Clock::time_point youngest{};
    for (const auto& [mark, since] : marks_) youngest = std::max(youngest, since);
    if (const auto age = Clock::now() - youngest; age < kMaking) {
      co_await pause(std::chrono::duration_cast<milliseconds>(kMaking - age));
    }
    // Not waited for: one that hangs must not cost the others their time.
    asio::co_spawn(io_, look(), [self = shared_from_this()](std::exception_ptr, bool looked) {
      if (looked && self->ids_.empty()) self->marks_.clear();
      if (self->empty()) self->timer_.cancel();
    });
    co_await pause(milliseconds{500} * (1 << std::min(i, 2)));
  }
  if (!ids_.empty()) log::warning("e2b: {} sandboxes end by their lifetime only", ids_.size());
  marks_.clear();
  ids_.clear();
}

/// False: nobody could say what there is.
Awaitable<bool> DoubtfulSandboxes::look() {
  const auto asked_for = ids_;
  const Outcome<std::vector<SandboxInfo>> found = co_await provider_->list(metadata_);
  if (!found) co_return false;
  std::set<std::string> there;
  for (const SandboxInfo& info : *found) {
    const auto mark = info.metadata.find(kMarkKey);
    const bool unknown = mark != info.metadata.end() && marks_.count(mark->second) > 0;
    if (!unknown && ids_.count(info.id) == 0) continue;
    there.insert(info.id);
    ids_.insert(info.id);
    if (unknown) marks_.erase(mark->second);
    const std::string id = info.id;
    const Outcome<bool> killed = co_await provider_->kill(id);
    if (!killed && killed.error().kind != FailureKind::not_found) continue;
    ids_.erase(id);
    log::info("e2b: the sandbox {}, whose making or end had no answer, was ended", id);
  }
  for (const std::string& id : asked_for) {
    if (there.count(id) == 0) ids_.erase(id);
  }
  co_return true;
}

Awaitable<void> DoubtfulSandboxes::pause(milliseconds time) {
  timer_.expires_after(time);
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace genesis::launch::e2b
