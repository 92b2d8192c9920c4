#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "launch/e2b/e2b_config.h"
#include "launch/e2b/failure.h"

namespace genesis::launch::e2b {

/// Whether the dependencies of a run are there already in what its sandboxes are made from. Pure.
///
/// The first sandbox that has installed them becomes a snapshot, where the provider can make one;
/// a provider that cannot is asked once, and every sandbox installs them as before.
class DependencySnapshot {
 public:
  explicit DependencySnapshot(const E2BOptions& options);

  /// Asks to make one, now: true once, until not_made() or lost().
  bool begin();
  void made(std::string id);
  /// What the provider refuses it is not asked again; other failures a few times.
  void not_made(const Failure& failure);
  /// It is not there any more: the next installation makes another one.
  void lost();

  /// Empty: none.
  const std::string& id() const { return id_; }
  /// Who wants what installed how: snapshots serve where this is equal.
  const std::string& key() const { return key_; }
  /// For the provider, and for people who look at what is left there.
  std::string name(std::string_view run_id) const;

  /// What the next runner of the run reads: "1 KEY ID\n".
  std::string note() const;
  /// The snapshot that an earlier runner has noted, if it is of this key.
  std::optional<std::string> noted(std::string_view note) const;

 private:
  enum class State { wanted, making, made, given_up };
  State state_ = State::wanted;
  std::string key_;
  std::string id_;
  int failures_ = 0;
};

}  // namespace genesis::launch::e2b
