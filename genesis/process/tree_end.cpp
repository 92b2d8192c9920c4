#include "genesis/process/tree_end.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace genesis::process {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kStragglerGrace = 200ms;
constexpr auto kFirstPoll = 1ms;
constexpr auto kLongestPoll = 20ms;
constexpr auto kGiveUp = 30s;

}  // namespace

struct TreeEnd::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, JobTree& job_tree, std::function<void()> on_done)
      : tree(&job_tree), done(std::move(on_done)), timer(io) {}

  void wait_until(Clock::time_point when) {
    timer.expires_at(when);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
      const auto self = weak.lock();
      if (self && !failure) self->step();
    });
  }

  /// Looks once; finishes, kills when it is time, and comes back.
  void step() {
    if (!done) return;
    const auto now = Clock::now();
    if (leader_has_gone && tree->empty()) return finish();
    if (now < kill_at) {
      // The leader's end is told by leader_gone(); only stragglers need looking after.
      return wait_until(leader_has_gone ? std::min(kill_at, now + next_poll()) : kill_at);
    }
    if (now > kill_at + kGiveUp) {
      given_up = true;
      return finish();
    }
    tree->kill_all();
    wait_until(now + next_poll());
  }

  Clock::duration next_poll() {
    const auto interval = poll;
    poll = std::min<Clock::duration>(poll * 2, kLongestPoll);
    return interval;
  }

  void finish() {
    timer.cancel();
    // A local owner: `done` may destroy the TreeEnd.
    const auto self = shared_from_this();
    std::exchange(done, nullptr)();
  }

  JobTree* tree;
  std::function<void()> done;
  boost::asio::steady_timer timer;
  Clock::time_point kill_at = Clock::time_point::max();
  Clock::duration poll = kFirstPoll;
  bool leader_has_gone = false;
  bool given_up = false;
};

TreeEnd::TreeEnd(boost::asio::io_context& io, JobTree& tree, std::function<void()> done)
    : state_(std::make_shared<State>(io, tree, std::move(done))) {}

TreeEnd::~TreeEnd() {
  state_->done = nullptr;
  state_->timer.cancel();
}

void TreeEnd::begin(Duration grace) {
  const auto kill_at = Clock::now() + grace;
  if (kill_at >= state_->kill_at) return;
  state_->kill_at = kill_at;
  state_->tree->signal_all(SIGTERM);
  state_->wait_until(grace <= 0ms ? Clock::now() : kill_at);
}

void TreeEnd::leader_gone() {
  state_->leader_has_gone = true;
  state_->kill_at = std::min(state_->kill_at, Clock::now() + kStragglerGrace);
  state_->step();
}

bool TreeEnd::gave_up() const {
  return state_->given_up;
}

}  // namespace genesis::process
