#include "launch/e2b/job_ref.h"

#include <fmt/format.h>

#include <charconv>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis::launch::e2b {

std::string to_text(const SandboxJobRef& ref) {
  std::string text = "1 sandbox=" + ref.sandbox;
  if (ref.pid > 0) text += fmt::format(" pid={}", ref.pid);
  return text;
}

std::optional<SandboxJobRef> parse_ref(std::string_view text) {
  SandboxJobRef ref;
  const auto words = split(text, ' ');
  if (words.size() < 2 || words[0] != "1") return std::nullopt;
  for (const std::string_view word : words) {
    if (word.starts_with("sandbox=")) ref.sandbox = word.substr(8);
    if (!word.starts_with("pid=")) continue;
    const std::string_view number = word.substr(4);
    const auto [end, failure] =
        std::from_chars(number.data(), number.data() + number.size(), ref.pid);
    if (failure != std::errc() || end != number.data() + number.size()) return std::nullopt;
  }
  // It becomes part of a URL.
  const bool plain = ref.sandbox.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == std::string::npos;
  if (ref.sandbox.empty() || !plain) return std::nullopt;
  return ref;
}

std::string attempt_mark(std::string_view token) {
  return sha256_hex(token).substr(0, 24);
}

}  // namespace genesis::launch::e2b
