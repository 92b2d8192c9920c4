#include "launch/e2b/dependency_snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis::launch::e2b {

namespace {

constexpr int kMostFailures = 3;
constexpr std::size_t kLongestId = 512;

/// Part after part with its length, so that no two lists read alike.
std::string key_of(const E2BOptions& options) {
  std::vector<std::string> parts = options.dependencies;
  std::sort(parts.begin(), parts.end());
  parts.insert(parts.end(), {options.sandbox_template, options.python, options.user});
  std::string text;
  for (const std::string& part : parts) text += fmt::format("{}:{}", part.size(), part);
  return sha256_hex(text).substr(0, 24);
}

}  // namespace

DependencySnapshot::DependencySnapshot(const E2BOptions& options) : key_(key_of(options)) {
  if (options.dependencies.empty()) state_ = State::given_up;
}

bool DependencySnapshot::begin() {
  if (state_ != State::wanted) return false;
  state_ = State::making;
  return true;
}

void DependencySnapshot::made(std::string id) {
  id_ = std::move(id);
  state_ = State::made;
}

void DependencySnapshot::not_made(const Failure& failure) {
  const bool refused = failure.kind == FailureKind::refused ||
                       failure.kind == FailureKind::not_found ||
                       failure.kind == FailureKind::unauthorized;
  state_ = refused || ++failures_ >= kMostFailures ? State::given_up : State::wanted;
}

void DependencySnapshot::lost() {
  id_.clear();
  if (state_ == State::made) state_ = State::wanted;
}

std::string DependencySnapshot::name(std::string_view run_id) const {
  return fmt::format("genesis-{}-{}", run_id.substr(0, 8), key_.substr(0, 12));
}

std::string DependencySnapshot::note() const {
  return fmt::format("1 {} {}\n", key_, id_);
}

std::optional<std::string> DependencySnapshot::noted(std::string_view note) const {
  if (note.empty() || note.back() != '\n') return std::nullopt;
  const auto words = split(note.substr(0, note.size() - 1), ' ');
  if (words.size() != 3 || words[0] != "1" || words[1] != key_) return std::nullopt;
  const bool plain =
      std::all_of(words[2].begin(), words[2].end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (words[2].empty() || words[2].size() > kLongestId || !plain) return std::nullopt;
  return std::string(words[2]);
}

}  // namespace genesis::launch::e2b
