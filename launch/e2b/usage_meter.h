#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "launch/launcher.h"
#include "launch/prices.h"

namespace genesis::launch::e2b {

/// How long sandboxes have lived, and what that costs. Pure: what happened goes in with its time,
/// due() gives what is to be told.
///
/// A sandbox counts from its creation to its end, whoever made it. Of a living one is told now and
/// then, so that a crash loses little; its end is told once. A sandbox whose size is not known yet
/// is told of when it is, or when everything ends.
class UsageMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Seconds = std::chrono::duration<double>;

  UsageMeter(PriceList prices, std::chrono::milliseconds every) : prices_(prices), every_(every) {}

  struct Size {
    double cpus = 0;
    double memory_gib = 0;
    bool operator==(const Size&) const = default;
  };

  /// A sandbox was made. True: nobody knows the size of its kind, and nobody has been asked.
  bool born(const std::string& id, const std::string& kind, Time now);
  /// One of an earlier runner, `age` old. One that has been found or that ended counts no more.
  void found(const std::string& id, const std::string& kind, Seconds age, Size size, Time now);
  void learnt(const std::string& kind, Size size);
  /// Nobody could tell: the next one of its kind is asked about, but not for ever.
  void not_learnt(const std::string& kind);
  void ended(const std::string& id, Time now);
  /// Nobody could end it: it lives on until `until`.
  void left_alone(const std::string& id, Time until);

  bool knows(const std::string& id) const { return alive_.count(id) > 0; }
  /// Since its creation; nothing for one that is not alive.
  std::optional<Seconds> age(const std::string& id, Time now) const;
  std::vector<Usage> due(Time now);
  /// Everything, sizes or not: nothing comes after it.
  std::vector<Usage> last_word(Time now);

 private:
  struct Life {
    std::string kind;
    Time born;
    std::optional<Time> until;
    std::optional<Size> own_size;
    bool over = false;
  };
  std::optional<Size> size_of(const Life& life) const;
  Usage told(const std::string& id, const Life& life, Time now) const;

  PriceList prices_;
  std::chrono::milliseconds every_;
  std::map<std::string, Life> alive_;
  std::map<std::string, Life> ended_;  ///< Not told yet.
  // By kind.
  std::map<std::string, Size> sizes_;
  std::set<std::string> asked_;
  std::map<std::string, int> failures_;
  std::set<std::string> found_;  ///< Of earlier runners: a late list may have them again.
  std::optional<Time> told_at_;
};

}  // namespace genesis::launch::e2b
