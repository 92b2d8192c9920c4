#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace genesis::launch::e2b {

/// What finds a job again: "1 sandbox=ID", later "1 sandbox=ID pid=N".
struct SandboxJobRef {
  std::string sandbox;
  std::int64_t pid = 0;  ///< In the sandbox; 0: not started when this was written.
};

std::string to_text(const SandboxJobRef& ref);
/// Nothing for what this version did not write.
std::optional<SandboxJobRef> parse_ref(std::string_view text);

/// The name of an attempt's folder in a sandbox and its mark in the metadata: tokens are secrets of
/// the run, their hashes are not.
std::string attempt_mark(std::string_view token);

}  // namespace genesis::launch::e2b
