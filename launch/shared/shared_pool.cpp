#include "launch/shared/shared_pool.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/log.h"
#include "launch/event_outbox.h"
#include "launch/shared/fair_share.h"

namespace genesis::launch {

using std::chrono::milliseconds;

namespace {

/// Jobs that the backend gets beyond its slots, so that it has the next one at hand.
constexpr int kMostAhead = 8;

JobOutcome outcome_of(JobOutcomeKind kind, std::string detail) {
  JobOutcome outcome;
  outcome.kind = kind;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace

/// What the members share; they keep it alive.
class SharedPool::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::io_context& context, std::unique_ptr<Launcher> launcher)
      : io(context), backend(std::move(launcher)) {}

  Status open_backend();
  void add(Member* member) { members.push_back(member); }
  void leave(Member* member);
  bool known(const std::string& token) const { return tickets.contains(token); }
  void reattach(Member* owner, Reattach job);
  void pump();
  void schedule_rebalance();
  void close_backend(milliseconds deadline, std::function<void()> done);
  void drop_backend();

  boost::asio::io_context& io;
  std::unique_ptr<Launcher> backend;
  int slots = 0;
  std::string reason;  ///< Of the last change of the capacity.

  /// A job that the backend has.
  struct Ticket {
    Member* owner = nullptr;  ///< Null: its member is gone.
  };
  std::map<std::string, Ticket, std::less<>> tickets;

 private:
  void on_event(Event event);
  void on_finished(Finished event);
  Member* next_member();
  void rebalance();

  std::vector<Member*> members;
  std::size_t last_served_ = 0;
  bool open_ = false;
  bool rebalance_scheduled_ = false;
};

class SharedPool::Member final : public Launcher {
 public:
  Member(std::shared_ptr<Core> core, int max_jobs)
      : core_(std::move(core)), max_jobs_(max_jobs), deadline_(core_->io) {}

  ~Member() override { core_->leave(this); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  std::string_view name() const override { return core_->backend ? core_->backend->name() : ""; }
  Capabilities capabilities() const override {
    return core_->backend ? core_->backend->capabilities() : Capabilities();
  }

  Status open(EventSink sink) override {
    outbox_.emplace(core_->io, std::move(sink));
    GENESIS_TRY(core_->open_backend());
    core_->add(this);
    core_->schedule_rebalance();
    return {};
  }

  void submit(JobSpec spec) override {
    if (!outbox_ || on_closed_ || closed_ || is_known(spec.token)) return;
    if (draining_) return finish_unstarted(spec.token, "the launcher is closing");
    if (core_->known(spec.token)) return refuse_foreign(spec.token);
    queue_.push_back(std::move(spec));
    core_->pump();
    core_->schedule_rebalance();
  }

  // Not queued: the job may be running already, wherever its backend put it.
  void reattach(Reattach job) override {
    if (!outbox_ || on_closed_ || closed_ || is_known(job.spec.token)) return;
    if (core_->known(job.spec.token) || !core_->backend) return refuse_foreign(job.spec.token);
    core_->reattach(this, std::move(job));
    core_->schedule_rebalance();
  }

  void cancel(std::string_view token) override {
    if (!cancel_queued(token) && owns(token)) core_->backend->cancel(token);
  }

  void take_back(std::string_view token) override {
    if (!cancel_queued(token) && owns(token)) core_->backend->take_back(token);
  }

  void drain() override {
    draining_ = true;
    for (const JobSpec& job : std::exchange(queue_, {})) {
      finish_unstarted(job.token, "not started: the launcher was drained");
    }
    // Which of them have begun only the backend knows: their events may be on the way.
    for (const std::string& token : own_tokens()) core_->backend->take_back(token);
    core_->schedule_rebalance();
  }

  void close(milliseconds deadline, std::function<void()> done) override {
    if (on_closed_ || closed_) return;
    on_closed_ = std::move(done);
    if (!outbox_) return boost::asio::post(core_->io, std::exchange(on_closed_, nullptr));
    drain();
    for (const std::string& token : own_tokens()) core_->backend->cancel(token);
    deadline_.expires_after(deadline);
    deadline_.async_wait(
        [this, alive = std::weak_ptr<int>(alive_)](const boost::system::error_code& stopped) {
          if (!stopped && !alive.expired()) give_up();
        });
    close_when_idle();
  }

  // For the pool.
  Share share() const { return {static_cast<int>(queue_.size()) + at_backend_, max_jobs_}; }
  int at_backend() const { return at_backend_; }
  bool has_queued() const { return !queue_.empty(); }
  JobSpec take_queued() {
    JobSpec spec = std::move(queue_.front());
    queue_.pop_front();
    return spec;
  }
  void handed_over() { ++at_backend_; }

  void refuse_foreign(const std::string& token) {
    outbox_->push(Finished{
        token,
        outcome_of(JobOutcomeKind::backend_error, "another run of the pool has this token"),
        {}});
  }

  void announce(int capacity, const std::string& reason) {
    if (closed_ || (capacity == announced_ && reason.empty())) return;
    announced_ = capacity;
    outbox_->push(Capacity{capacity, reason});
  }

  void deliver(Event event) {
    const bool finished = std::holds_alternative<Finished>(event);
    outbox_->push(std::move(event));
    if (!finished) return;
    --at_backend_;
    close_when_idle();
  }

 private:
  bool owns(std::string_view token) const {
    const auto ticket = core_->tickets.find(token);
    return ticket != core_->tickets.end() && ticket->second.owner == this;
  }

  bool cancel_queued(std::string_view token) {
    const auto queued = std::find_if(queue_.begin(), queue_.end(),
                                     [token](const JobSpec& job) { return job.token == token; });
    if (queued == queue_.end()) return false;
    const std::string name = queued->token;
    queue_.erase(queued);
    finish_unstarted(name, "not started");
    core_->schedule_rebalance();
    return true;
  }

  bool is_known(const std::string& token) const {
    const bool known =
        owns(token) || std::any_of(queue_.begin(), queue_.end(),
                                   [&](const JobSpec& job) { return job.token == token; });
    if (known) log::warning("a second job with the token '{}' was refused", token);
    return known;
  }

  std::vector<std::string> own_tokens() const {
    std::vector<std::string> tokens;
    if (!core_->backend) return tokens;
    for (const auto& [token, ticket] : core_->tickets) {
      if (ticket.owner == this) tokens.push_back(token);
    }
    return tokens;
  }

  void finish_unstarted(const std::string& token, const char* why) {
    if (outbox_) outbox_->push(Finished{token, outcome_of(JobOutcomeKind::cancelled, why), {}});
  }

  void give_up() {
    for (const std::string& token : own_tokens()) {
      core_->tickets.at(token).owner = nullptr;
      --at_backend_;
      finish_unstarted(token, "still being ended when its run closed");
    }
    close_when_idle();
  }

  void close_when_idle() {
    if (!on_closed_ || at_backend_ > 0) return;
    closed_ = true;
    deadline_.cancel();
    core_->leave(this);
    outbox_->close(std::exchange(on_closed_, nullptr));
  }

  std::shared_ptr<Core> core_;
  int max_jobs_;
  boost::asio::steady_timer deadline_;
  std::optional<EventOutbox> outbox_;
  std::deque<JobSpec> queue_;
  std::function<void()> on_closed_;
  int at_backend_ = 0;
  int announced_ = 0;
  bool draining_ = false;
  bool closed_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< For the timer.
};

Status SharedPool::Core::open_backend() {
  if (open_) return {};
  if (!backend) return make_error(ErrorKind::internal, "the shared pool is gone");
  GENESIS_TRY(backend->open([self = weak_from_this()](Event event) {
    if (const auto core = self.lock()) core->on_event(std::move(event));
  }));
  open_ = true;
  return {};
}

/// Its jobs are ended; nobody hears of them.
void SharedPool::Core::leave(Member* member) {
  std::erase(members, member);
  for (auto& [token, ticket] : tickets) {
    if (ticket.owner != member) continue;
    ticket.owner = nullptr;
    if (backend) backend->cancel(token);
  }
  schedule_rebalance();
}

void SharedPool::Core::reattach(Member* owner, Reattach job) {
  tickets[job.spec.token] = {owner};
  owner->handed_over();
  backend->reattach(std::move(job));
}

void SharedPool::Core::pump() {
  const int most = slots <= 0 ? 0 : slots + std::min(slots, kMostAhead);
  while (static_cast<int>(tickets.size()) < most) {
    Member* next = next_member();
    if (next == nullptr) return;
    JobSpec spec = next->take_queued();
    if (known(spec.token)) {
      next->refuse_foreign(spec.token);
      continue;
    }
    tickets[spec.token] = {next};
    next->handed_over();
    backend->submit(std::move(spec));
  }
}

/// Whoever has fewest jobs at the backend; of several the one whose turn it is.
SharedPool::Member* SharedPool::Core::next_member() {
  Member* chosen = nullptr;
  std::size_t chosen_at = 0;
  for (std::size_t i = 1; i <= members.size(); ++i) {
    const std::size_t at = (last_served_ + i) % members.size();
    Member* member = members[at];
    if (!member->has_queued()) continue;
    if (chosen != nullptr && member->at_backend() >= chosen->at_backend()) continue;
    chosen = member;
    chosen_at = at;
  }
  if (chosen != nullptr) last_served_ = chosen_at;
  return chosen;
}

void SharedPool::Core::on_event(Event event) {
  if (auto* capacity = std::get_if<Capacity>(&event)) {
    slots = capacity->slots;
    reason = std::move(capacity->reason);
    pump();
    rebalance();
    return;
  }
  if (std::holds_alternative<Usage>(event)) {
    // What runs share is counted once: by the one that has been there longest.
    if (!members.empty()) members.front()->deliver(std::move(event));
    return;
  }
  if (auto* finished = std::get_if<Finished>(&event)) return on_finished(std::move(*finished));
  const std::string& token = std::holds_alternative<Accepted>(event)
                                 ? std::get<Accepted>(event).token
                                 : std::get<Started>(event).token;
  const auto ticket = tickets.find(token);
  if (ticket == tickets.end()) return;
  if (ticket->second.owner != nullptr) ticket->second.owner->deliver(std::move(event));
}

void SharedPool::Core::on_finished(Finished event) {
  const auto ticket = tickets.find(event.token);
  if (ticket == tickets.end()) return;
  Member* owner = ticket->second.owner;
  tickets.erase(ticket);
  pump();  // the slot's next job starts before the end of this one is told
  if (owner != nullptr) owner->deliver(std::move(event));
  schedule_rebalance();
}

/// Once per turn of the loop, whatever happened in it.
void SharedPool::Core::schedule_rebalance() {
  if (std::exchange(rebalance_scheduled_, true)) return;
  boost::asio::post(io, [self = weak_from_this()] {
    const auto core = self.lock();
    if (!core) return;
    core->rebalance_scheduled_ = false;
    core->rebalance();
  });
}

void SharedPool::Core::rebalance() {
  std::vector<Share> shares;
  for (const Member* member : members) shares.push_back(member->share());
  const std::vector<int> capacities = fair_capacities(slots, shares);
  const std::string why = std::exchange(reason, {});
  for (std::size_t i = 0; i < members.size(); ++i) members[i]->announce(capacities[i], why);
}

void SharedPool::Core::close_backend(milliseconds deadline, std::function<void()> done) {
  if (!open_) return boost::asio::post(io, std::move(done));
  open_ = false;
  backend->close(deadline, std::move(done));
}

void SharedPool::Core::drop_backend() {
  slots = 0;
  tickets.clear();
  open_ = false;
  backend.reset();
}

SharedPool::SharedPool(boost::asio::io_context& io, std::unique_ptr<Launcher> backend)
    : core_(std::make_shared<Core>(io, std::move(backend))) {}

SharedPool::~SharedPool() {
  core_->drop_backend();
}

std::unique_ptr<Launcher> SharedPool::join(int max_jobs) {
  return std::make_unique<Member>(core_, max_jobs);
}

void SharedPool::close(milliseconds deadline, std::function<void()> done) {
  core_->close_backend(deadline, std::move(done));
}

}  // namespace genesis::launch
