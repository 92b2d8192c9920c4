// Lines of events.jsonl that others may have written, and templates of hooks: whatever the bytes, a
// line is described by one line of text or refused, what is remembered of it makes strict JSON
// again, and a filled template of JSON stays JSON.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "genesis/base/text.h"
#include "genesis/events/event_source.h"
#include "genesis/hooks/hook_text.h"

namespace {

using nlohmann::json;

void require(bool condition) {
  if (!condition) std::abort();
}

void describe(std::string_view line) {
  genesis::events::Memory memory;
  const bool event = memory.take(line, "r");
  const auto text = genesis::events::describe_line(line);
  require(text.has_value() == event);
  if (text) require(text->find_first_of("\n\r\x1B") == text->npos);
  genesis::events::EventSource source({}, {}, 100, memory);
  genesis::events::Improvement better;
  better.generation = 1000;
  for (const auto& told : source.improvement(better, std::chrono::seconds(1))) {
    require(json::parse(genesis::events::to_line(told, {1, 0, "r"})).is_object());
  }
}

void fill(std::string_view bytes) {
  genesis::events::Announcement event;
  event.event = "notice";
  event.reason = std::string(bytes);
  event.line = genesis::events::to_line({genesis::events::Notice{std::string(bytes)}, {}}, {});
  const auto values = genesis::hooks::placeholders(event, {"r", "d", std::string(bytes)});
  const std::string body =
      genesis::hooks::fill_json(R"({"a": "{task}{reason}{text}", "b": {json}})", values);
  require(json::parse(body).is_object());
  require(genesis::hooks::fill(bytes, values).size() + 1 > 0);
  static_cast<void>(genesis::hooks::check_template(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  describe(bytes);
  fill(bytes);
  return 0;
}
