#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "launch/e2b/provider.h"

namespace genesis::launch::e2b {

/// Sandboxes of which nobody knows whether they exist: the answer to their creation never came, or
/// their end was not confirmed. They are looked for in the provider's list and ended, a few times
/// in half a minute. On the I/O loop's thread.
class DoubtfulSandboxes : public std::enable_shared_from_this<DoubtfulSandboxes> {
 public:
  /// What sandboxes carry so that an unanswered creation can be told from the others.
  static constexpr const char* kMarkKey = "genesis_make";

  /// `metadata`: what all sandboxes of this run have.
  DoubtfulSandboxes(boost::asio::io_context& io, std::shared_ptr<Provider> provider,
                    std::map<std::string, std::string> metadata);

  /// A value for kMarkKey that no other has.
  std::string new_mark();
  void made_perhaps(const std::string& mark);
  void there_perhaps(const std::string& id);
  bool empty() const { return marks_.empty() && ids_.empty(); }
  /// One thorough look, for the end: nothing is made any more. What is left then is forgotten.
  Awaitable<void> settle();
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  void look_soon();
  Awaitable<void> look_until_sure();
  Awaitable<bool> look();
  Awaitable<void> pause(std::chrono::milliseconds time);

  boost::asio::io_context& io_;
  std::shared_ptr<Provider> provider_;
  std::map<std::string, std::string> metadata_;
  std::string prefix_;
  int last_mark_ = 0;
  std::map<std::string, Clock::time_point> marks_;  ///< Since when.
  std::set<std::string> ids_;
  boost::asio::steady_timer timer_;
  bool looking_ = false;
  bool stopped_ = false;
};

}  // namespace genesis::launch::e2b
