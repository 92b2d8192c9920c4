#include "launch/e2b/usage_meter.h"

#include <algorithm>

namespace genesis::launch::e2b {

bool UsageMeter::born(const std::string& id, const std::string& kind, Time now) {
  Life life;
  life.kind = kind;
  life.born = now;
  alive_.emplace(id, std::move(life));
  return sizes_.count(kind) == 0 && asked_.insert(kind).second;
}

void UsageMeter::found(const std::string& id, const std::string& kind, Seconds age, Size size,
                       Time now) {
  if (knows(id) || !found_.insert(id).second) return;
  Life life;
  life.kind = kind;
  // Two machines' clocks: never from the future.
  life.born = now - std::chrono::duration_cast<Time::duration>(std::max(age, Seconds{0}));
  life.own_size = size;
  alive_.emplace(id, std::move(life));
}

void UsageMeter::learnt(const std::string& kind, Size size) {
  sizes_[kind] = size;
}

void UsageMeter::not_learnt(const std::string& kind) {
  // What has ended waits for the size: rather none than a list that grows.
  constexpr int kMostFailures = 3;
  if (++failures_[kind] >= kMostFailures) return learnt(kind, Size());
  asked_.erase(kind);
}

void UsageMeter::ended(const std::string& id, Time now) {
  const auto found = alive_.find(id);
  if (found == alive_.end()) return;
  Life life = std::move(found->second);
  alive_.erase(found);
  life.until = life.until ? std::min(*life.until, now) : now;
  life.over = true;
  ended_.emplace(id, std::move(life));
}

void UsageMeter::left_alone(const std::string& id, Time until) {
  const auto found = alive_.find(id);
  if (found == alive_.end()) return;
  Life life = std::move(found->second);
  alive_.erase(found);
  life.until = until;
  // Not over: should a later runner meet it, that one tells its end.
  ended_.emplace(id, std::move(life));
}

std::optional<UsageMeter::Seconds> UsageMeter::age(const std::string& id, Time now) const {
  const auto found = alive_.find(id);
  if (found == alive_.end()) return std::nullopt;
  return Seconds(now - found->second.born);
}

std::optional<UsageMeter::Size> UsageMeter::size_of(const Life& life) const {
  if (life.own_size) return life.own_size;
  const auto found = sizes_.find(life.kind);
  if (found == sizes_.end()) return std::nullopt;
  return found->second;
}

Usage UsageMeter::told(const std::string& id, const Life& life, Time now) const {
  Usage usage;
  usage.lease = id;
  usage.resource = "sandbox";
  usage.kind = life.kind;
  usage.amount = std::max(0.0, Seconds(life.until.value_or(now) - life.born).count());
  const Size size = size_of(life).value_or(Size());
  usage.cpus = size.cpus;
  usage.memory_gib = size.memory_gib;
  if (!prices_.empty()) {
    usage.cost = prices_.for_kind(life.kind).of(usage.amount, size.cpus, size.memory_gib);
    if (usage.cost) usage.currency = prices_.currency;
  }
  usage.over = life.over;
  return usage;
}

std::vector<Usage> UsageMeter::due(Time now) {
  std::vector<Usage> usages;
  for (auto life = ended_.begin(); life != ended_.end();) {
    if (!size_of(life->second)) {
      ++life;
      continue;
    }
    usages.push_back(told(life->first, life->second, now));
    life = ended_.erase(life);
  }
  if (!told_at_) told_at_ = now;
  if (now - *told_at_ < every_) return usages;
  told_at_ = now;
  for (const auto& [id, life] : alive_) {
    if (size_of(life)) usages.push_back(told(id, life, now));
  }
  return usages;
}

std::vector<Usage> UsageMeter::last_word(Time now) {
  std::vector<Usage> usages;
  for (const auto& [id, life] : ended_) usages.push_back(told(id, life, now));
  for (const auto& [id, life] : alive_) usages.push_back(told(id, life, now));
  ended_.clear();
  alive_.clear();
  return usages;
}

}  // namespace genesis::launch::e2b
