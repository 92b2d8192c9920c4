#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace genesis::process {

/// The processes of one job, however they are found (a cgroup; a walk over the family).
class JobTree {
 public:
  virtual ~JobTree() = default;
  virtual void signal_all(int signal) = 0;
  /// KILL, also for what is being forked at this moment, as far as that can be had in one go.
  virtual void kill_all() = 0;
  /// No process is left but zombies.
  virtual bool empty() = 0;
};

/// Brings a whole process tree to its end: TERM, a grace, then KILL until nothing is left.
///
/// The grace belongs to the leader: once it has gone, what it leaves gets at most a fifth of a
/// second. I/O thread only. `done` is called once, from the loop or from `leader_gone`; destruction
/// cancels it.
class TreeEnd {
 public:
  using Duration = std::chrono::milliseconds;

  /// `tree` must outlive this.
  TreeEnd(boost::asio::io_context& io, JobTree& tree, std::function<void()> done);
  ~TreeEnd();
  TreeEnd(const TreeEnd&) = delete;
  TreeEnd& operator=(const TreeEnd&) = delete;

  /// TERM now, KILL after `grace`. Calling again may shorten the grace, never lengthen it.
  void begin(Duration grace);
  /// The leader has been reaped. May call `done` at once.
  void leader_gone();
  /// After `done`: something could not be ended (stuck in the kernel) within half a minute.
  bool gave_up() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace genesis::process
