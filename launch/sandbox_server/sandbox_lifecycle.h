#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "launch/sandbox_server/sandbox_record.h"

namespace genesis::sandbox_server {

/// How many sandboxes there may be. Those that start or end count too: a hard limit is one.
struct Capacity {
  std::size_t sandboxes = 200;
  std::size_t tombstones = 10'000;
};

enum class Admission {
  admitted,
  team_full,    ///< The team has all that it may have.
  server_full,  ///< All places are taken: wait, or come again.
};

/// What happens to a sandbox at its deadline.
struct Due {
  std::string id;
  bool pause = false;
};

/// Every sandbox of a server and what may become of it: state and event give the next state, or a
/// reason why not. No clock, no I/O: what must be done is the caller's, who writes the journal
/// before. One thread.
class SandboxLifecycle {
 public:
  explicit SandboxLifecycle(Capacity capacity) : capacity_(capacity) {}

  Admission admit(const std::string& team, std::size_t team_limit) const;
  std::size_t count(const std::string& team) const;
  std::size_t count() const { return live_.size(); }
  const Capacity& capacity() const { return capacity_; }

  /// → starting. The id must be new.
  SandboxRecord& begin(SandboxRecord record, Moment now);
  /// starting → running: its time begins now.
  void started(const std::string& id, pid_t pid, std::uint64_t start_ticks, Moment now);
  /// One that an earlier server left; its deadline is where it was.
  void adopted(SandboxRecord record, Moment now);
  /// What did not work has not happened: the record as it was.
  void restore(SandboxRecord record);

  /// running → paused: no deadline any more. Error `conflict`: it is paused already.
  Status paused(const std::string& id, Moment now);
  /// paused → running with a new timeout.
  void resumed(const std::string& id, int timeout_s, Moment now);
  /// From now; may shorten; 0 ends it at once. Error `conflict`: not running.
  Status set_timeout(const std::string& id, int timeout_s, Moment now);
  /// The later of what is and so many seconds from now.
  void extend(const std::string& id, int timeout_s, Moment now);

  /// → ending, with the true cause; false when it is ending already, which keeps the first cause.
  bool ending(const std::string& id, EndCause cause, std::string detail, Moment now);
  /// ending → no more. `detail` replaces what ending() said, unless empty.
  const Tombstone& gone(const std::string& id, EndCause cause, std::string detail, Moment now);
  void remember(Tombstone tombstone);

  /// Whose deadline has passed, in order.
  std::vector<Due> due(std::chrono::steady_clock::time_point now) const;
  std::optional<std::chrono::steady_clock::time_point> next_deadline() const;

  /// One that lives, ending ones too; null: none.
  SandboxRecord* find(const std::string& id);
  /// One that a caller of this team may see: starting and ending ones are not there.
  SandboxRecord* visible(const std::string& team, const std::string& id);
  const Tombstone* tombstone(const std::string& id) const;
  const std::map<std::string, SandboxRecord>& all() const { return live_; }
  const std::map<EndCause, std::size_t>& ends() const { return ends_; }
  const std::deque<std::string>& tombstone_order() const { return order_; }

 private:
  void set_deadline(SandboxRecord& record, int timeout_s, Moment now);
  void clear_deadline(const SandboxRecord& record);

  Capacity capacity_;
  std::map<std::string, SandboxRecord> live_;
  std::set<std::pair<std::chrono::steady_clock::time_point, std::string>> deadlines_;
  std::unordered_map<std::string, Tombstone> tombstones_;
  std::deque<std::string> order_;
  std::map<EndCause, std::size_t> ends_;
};

}  // namespace genesis::sandbox_server
