#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "launch/e2b/e2b_config.h"
#include "launch/e2b/failure.h"

namespace genesis::launch::e2b {

struct PoolPolicy {
  SandboxReuse reuse = SandboxReuse::per_job;
  int most = 1;           ///< Jobs at a time.
  int warm = 0;           ///< Sandboxes made before they are needed, beyond what waits.
  int recycle_after = 1;  ///< Jobs of one sandbox.
  double creates_per_second = 5;
};

/// What the pool wants done.
struct MakeSandbox {
  int slot = 0;
  std::string token;  ///< Whose it will be, where sandboxes serve one job; empty: anybody's.
};
struct EndSandbox {
  int slot = 0;
  std::string id;
};
struct GiveLease {
  std::string token;
  int slot = 0;
};
struct RefuseLease {
  std::string token;
  Failure failure;
};
struct AnnounceCapacity {
  int slots = 0;
  std::string reason;
};
using PoolAction = std::variant<MakeSandbox, EndSandbox, GiveLease, RefuseLease, AnnounceCapacity>;

/// Which sandboxes exist, who has them, and when another one may be made. Pure: what happened goes
/// in with its time, decide() says what to do.
///
/// Creation is paced by a token bucket. A 429 teaches a ceiling (what exists now), which rises by
/// one after half a minute without another, then faster and faster. A provider that cannot be
/// reached pauses everything, with growing waits between tries, and says so as capacity; a try that
/// hangs does not keep the next one waiting. An answer that no try will change refuses those who
/// wait. A sandbox for one job is made for who has waited longest without one, and goes to that one
/// if it still waits.
class PoolState {
 public:
  using Time = std::chrono::steady_clock::time_point;
  PoolState(PoolPolicy policy, Time now);

  void want(const std::string& token);
  /// False: it does not wait (any more).
  bool forget(const std::string& token);
  void made(int slot, std::string id, Time now);
  void not_made(int slot, const Failure& failure, Time now);
  /// One that an earlier runner left, with its job in it; it ends with the job.
  int adopt(std::string id);
  /// A job is over; `keep`: the sandbox is as good as before.
  void give_back(int slot, bool keep);
  void ended(int slot);
  /// Nothing is made from now on; idle ones end.
  void close();

  std::vector<PoolAction> decide(Time now);
  /// When decide() may have more to say without anything happening.
  std::optional<Time> next_look(Time now) const;

  const std::string& id_of(int slot) const { return sandboxes_.at(slot).id; }
  bool is_ending(int slot) const;
  std::size_t count() const { return sandboxes_.size(); }
  bool is_down() const { return down_; }

 private:
  enum class Stage { making, idle, leased, ending };
  struct Sandbox {
    Stage stage = Stage::making;
    std::string id;
    std::string made_for;
    int jobs = 0;
    bool adopted = false;
    Time asked;  ///< When its making began.
  };

  int count(Stage stage) const;
  int slots() const;
  bool wants_another(Time now) const;
  bool may_probe(Time now) const;
  void refill(Time now);
  std::deque<std::string>::iterator first_without_sandbox();
  std::deque<std::string>::iterator next_for(const Sandbox& sandbox);
  void end_idle_beyond(int kept, std::vector<PoolAction>& actions);
  void slow_down(const Failure& failure, Time now);

  PoolPolicy policy_;
  std::map<int, Sandbox> sandboxes_;
  std::deque<std::string> waiting_;
  std::vector<PoolAction> news_;
  int next_slot_ = 0;
  double bucket_;
  Time filled_;
  std::optional<int> ceiling_;
  Time ceiling_since_;
  std::chrono::milliseconds ceiling_wait_;  ///< Until it rises.
  int failures_ = 0;
  Time not_before_;
  bool down_ = false;
  bool closed_ = false;
  std::optional<int> announced_;
};

}  // namespace genesis::launch::e2b
