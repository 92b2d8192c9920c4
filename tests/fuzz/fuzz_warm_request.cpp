// A packet for a fork server: whatever the bytes, a request whose strings lie in the packet, or why
// it is none; and the changes of the environment that it asks for lead to it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "launch/local/warm_request.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> strings(const char* at, std::size_t size) {
  std::vector<std::string> list;
  for (const char* const end = at + size; at < end; at += list.back().size() + 1) {
    list.emplace_back(at);
  }
  return list;
}

std::string name_of(const std::string& entry) {
  return entry.substr(0, entry.find('='));
}

/// The arguments serve as the environment to begin with.
void check_changes(const genesis_warm_request& request) {
  auto known = strings(request.arguments, request.head.arguments_size);
  std::vector<char*> entries;
  for (std::string& entry : known) entries.push_back(entry.data());
  entries.push_back(nullptr);
  std::vector<char> changes(2 * GENESIS_WARM_MOST_BYTES);
  const std::size_t used =
      genesis_warm_changes(&request, entries.data(), changes.data(), changes.size());
  require(used <= changes.size());
  for (const std::string& change : strings(changes.data(), used)) {
    bool wanted = false;
    for (const auto& entry : strings(request.environment, request.head.environment_size)) {
      wanted = wanted || entry == change;
      require(change.find('=') != std::string::npos || name_of(entry) != change ||
              entry.find('=') == std::string::npos);
    }
    require(wanted || change.find('=') == std::string::npos);
  }
  std::vector<char> little(used > 0 ? used - 1 : 0);
  if (used > 0) {
    require(genesis_warm_changes(&request, entries.data(), little.data(), little.size()) ==
            SIZE_MAX);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  // Exactly as large as the packet, so that reading past it is seen; new aligns it.
  const std::unique_ptr<char[]> packet(new char[size]);
  std::memcpy(packet.get(), data, size);
  genesis_warm_request request;
  if (genesis_warm_read(packet.get(), size, &request) != nullptr) return 0;
  const char* const end = packet.get() + size;
  for (const char* text : {request.folder, request.token, request.work}) {
    require(text + std::strlen(text) < end);
  }
  for (std::uint32_t i = 0; i < request.head.cpu_count; ++i) {
    require(request.cpus[i] < GENESIS_WARM_MOST_CPU);
  }
  check_changes(request);
  return 0;
}
