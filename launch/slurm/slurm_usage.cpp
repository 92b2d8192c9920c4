#include "launch/slurm/slurm_usage.h"

#include <algorithm>

namespace genesis::launch::slurm {

Usage node_usage(const std::string& lease, double seconds, double cpus, double memory_gib,
                 const SlurmOptions& options) {
  Usage usage;
  usage.lease = "slurm " + lease;
  usage.resource = "node";
  usage.kind = options.partition.empty() ? "default" : options.partition;
  usage.amount = std::max(seconds, 0.0);
  usage.cpus = cpus;
  usage.memory_gib = memory_gib;
  if (!options.price_list.empty()) {
    usage.cost = options.price_list.for_kind(usage.kind).of(usage.amount, cpus, memory_gib);
    if (usage.cost) usage.currency = options.price_list.currency;
  }
  usage.over = true;
  return usage;
}

std::optional<Usage> usage_of(const std::string& lease, const JobSpec& spec, const EndFacts& facts,
                              const SlurmOptions& options) {
  double seconds = 0;
  if (facts.record) {
    seconds = std::chrono::duration<double>(facts.record->wall).count();
  } else if (facts.report && facts.report->seconds) {
    seconds = static_cast<double>(*facts.report->seconds);
  }
  if (!facts.record && seconds <= 0) return std::nullopt;
  const double memory = static_cast<double>(spec.limits.memory_bytes.value_or(0)) / (1u << 30);
  return node_usage(lease, seconds, spec.resources.cpus, memory, options);
}

}  // namespace genesis::launch::slurm
