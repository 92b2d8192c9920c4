#include "launch/sandbox_server/kruise_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis::sandbox_server {
namespace {

constexpr std::string_view kPrefix = "e2b.agents.kruise.io/";
constexpr std::string_view kReserved = "agents.kruise.io/";

tl::unexpected<Refusal> bad(std::string why) {
  return refuse(400, "Bad extension param: " + std::move(why));
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The name part of a qualified name, or a label's value.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  if (!is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

bool is_whole_number(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_clean_absolute_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (path.size() > 1 && path.back() == '/') return false;
  if (path.find('\0') != path.npos) return false;
  for (const auto part : split(path.substr(1), '/')) {
    if (part.empty() ? path.size() > 1 : part == "." || part == "..") return false;
  }
  return true;
}

/// One that is in `taken` or empty.
class Given {
 public:
  explicit Given(std::map<std::string, std::string>& metadata) {
    for (auto entry = metadata.begin(); entry != metadata.end();) {
      if (!entry->first.starts_with(kPrefix)) {
        ++entry;
        continue;
      }
      values_[entry->first.substr(kPrefix.size())] = entry->second;
      entry = metadata.erase(entry);
    }
  }
  const std::string* find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }
  bool is_true(const std::string& name) const {
    const std::string* const value = find(name);
    return value && *value == "true";
  }
  const std::map<std::string, std::string>& all() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

const std::vector<std::string>& known_names() {
  static const std::vector<std::string> names{"claim-timeout-seconds",
                                              "wait-ready-timeout-seconds",
                                              "image",
                                              "cpu-request",
                                              "cpu-limit",
                                              "csi-volume-name",
                                              "csi-mount-point",
                                              "csi-subpath",
                                              "csi-volume-config",
                                              "skip-init-runtime",
                                              "reserve-failed-sandbox",
                                              "reserve-failed-sandbox-for",
                                              "reserve-paused-sandbox-duration",
                                              "create-on-no-stock",
                                              "never-timeout",
                                              "return-sandbox-ip",
                                              "sandbox-name",
                                              "sandbox-generate-name"};
  return names;
}

Answer<void> check_times(const Given& given) {
  for (const char* const name : {"claim-timeout-seconds", "wait-ready-timeout-seconds"}) {
    const std::string* const value = given.find(name);
    if (value && !is_whole_number(*value)) return bad(fmt::format("{} must be a number", name));
  }
  if (const auto* const value = given.find("reserve-failed-sandbox-for");
      value && *value != "never" && *value != "forever" && !is_go_duration(*value)) {
    return bad("reserve-failed-sandbox-for must be never, forever or a duration");
  }
  if (const auto* const value = given.find("reserve-paused-sandbox-duration");
      value && *value != "forever" && !is_go_duration(*value)) {
    return bad("reserve-paused-sandbox-duration must be forever or a duration above zero");
  }
  return {};
}

Answer<void> check_volumes(const Given& given) {
  const std::string* const name = given.find("csi-volume-name");
  const std::string* const point = given.find("csi-mount-point");
  if ((name == nullptr) != (point == nullptr)) {
    return bad("csi-volume-name and csi-mount-point must come together");
  }
  if (point && !is_clean_absolute_path(*point)) {
    return bad("csi-mount-point must be an absolute path without '..'");
  }
  if (name || given.find("csi-volume-config") || given.find("csi-subpath")) {
    return bad("volumes are not served by this version");
  }
  return {};
}

Answer<void> check_what_is_not_served(const Given& given) {
  if (given.find("image")) return bad("images are not served by this version");
  for (const char* const name : {"cpu-request", "cpu-limit"}) {
    if (given.find(name)) return bad(fmt::format("{}: sandboxes are not resized", name));
  }
  for (const char* const name : {"sandbox-name", "sandbox-generate-name"}) {
    if (given.find(name)) return bad(fmt::format("{} is for clones only", name));
  }
  if (given.is_true("reserve-failed-sandbox")) {
    return bad("reserve-failed-sandbox: failed sandboxes are not kept by this version");
  }
  return {};
}

std::optional<std::string> bytes_of(std::string_view hex) {
  const auto digit = [](char c) -> int {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace

bool is_go_duration(const std::string& text) {
  constexpr std::array<std::string_view, 7> kUnits{"ns", "us", "µs", "ms", "s", "m", "h"};
  std::string_view rest = text;
  bool positive = false;
  if (rest.empty()) return false;
  while (!rest.empty()) {
    const auto digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const auto number = rest.substr(0, digits);
    if (number.empty() || number == "." || std::count(number.begin(), number.end(), '.') > 1) {
      return false;
    }
    positive |= number.find_first_of("123456789") != number.npos;
    rest.remove_prefix(digits);
    const auto unit_end = std::min(rest.find_first_of("0123456789."), rest.size());
    const auto unit = rest.substr(0, unit_end);
    if (std::find(kUnits.begin(), kUnits.end(), unit) == kUnits.end()) return false;
    rest.remove_prefix(unit_end);
  }
  return positive;
}

bool is_qualified_name(const std::string& key) {
  const auto slash = key.find('/');
  if (slash == std::string::npos) return is_name(key);
  const std::string prefix = key.substr(0, slash);
  const bool domain =
      !prefix.empty() && prefix.size() <= 253 &&
      std::all_of(prefix.begin(), prefix.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
      });
  return domain && is_name(key.substr(slash + 1));
}

Answer<KruiseExtensions> take_kruise_extensions(std::map<std::string, std::string>& metadata) {
  const Given given(metadata);
  const auto failed = [](const auto& result) { return tl::unexpected<Refusal>(result.error()); };
  for (const auto& [name, value] : given.all()) {
    const auto& known = known_names();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return bad(fmt::format("unknown key {}{}{}", kPrefix, name, did_you_mean(name, known)));
    }
  }
  for (const auto& [key, value] : metadata) {
    const bool label = key.starts_with("label:");
    const std::string name = label ? key.substr(6) : key;
    if (name.starts_with(kReserved) || name.starts_with(kPrefix)) {
      return bad(fmt::format("metadata key {} has a reserved prefix", key));
    }
    if (!is_qualified_name(name)) {
      return bad(fmt::format("metadata key {} is not a qualified name", key));
    }
    if (label && !value.empty() && !is_name(value)) {
      return bad(fmt::format("the value of {} is not one of a label", key));
    }
  }
  std::erase_if(metadata, [](const auto& entry) { return entry.first.starts_with("label:"); });
  if (const auto fit = check_times(given); !fit) return failed(fit);
  if (const auto fit = check_volumes(given); !fit) return failed(fit);
  if (const auto fit = check_what_is_not_served(given); !fit) return failed(fit);
  KruiseExtensions extensions;
  extensions.skip_init_runtime = given.is_true("skip-init-runtime");
  extensions.never_timeout = given.is_true("never-timeout");
  extensions.return_sandbox_ip = given.is_true("return-sandbox-ip");
  return extensions;
}

std::string raw_kruise_key(const std::string& key) {
  constexpr std::string_view kMagic = "e2b_6f6b616701";
  constexpr std::size_t kLength = 8;
  constexpr std::size_t kChecksum = 16;
  if (!key.starts_with(kMagic) || key.size() < kMagic.size() + kLength + kChecksum) return key;
  const std::string_view rest = std::string_view(key).substr(kMagic.size());
  const auto raw = bytes_of(rest.substr(kLength, rest.size() - kLength - kChecksum));
  if (!raw || fmt::format("{:08x}", raw->size()) != rest.substr(0, kLength)) return key;
  const std::string sum = sha256_hex("openkruise-agents/e2b-key-compat/v1" + *raw);
  if (rest.substr(rest.size() - kChecksum) != sum.substr(0, kChecksum)) return key;
  return *raw;
}

}  // namespace genesis::sandbox_server
