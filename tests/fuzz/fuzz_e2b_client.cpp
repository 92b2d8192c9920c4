// What a provider of sandboxes answers: Connect streams, JSON messages, errors. Whatever the bytes:
// nothing breaks, it does not matter how a stream is cut, and no name leads out of a folder.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "genesis/base/text.h"
#include "launch/e2b/connect_stream.h"
#include "launch/e2b/control_messages.h"
#include "launch/e2b/copy_plan.h"
#include "launch/e2b/filesystem_messages.h"
#include "launch/e2b/process_messages.h"
#include "launch/e2b/template_messages.h"
#include "launch/e2b/wire_failure.h"

namespace {

using namespace genesis::launch::e2b;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string envelopes(std::string_view bytes, std::size_t piece) {
  EnvelopeReader reader(4096);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.input().append(bytes.substr(at, piece));
    for (;;) {
      const auto next = reader.next();
      if (!next) return seen + "|error";
      if (!*next) break;
      seen += ((*next)->last ? "|last:" : "|") + (*next)->payload;
    }
  }
  return seen;
}

void messages(std::string_view text) {
  if (const auto event = parse_process_event(text)) {
    require(event->kind != ProcessEvent::Kind::start || event->pid > 0);
  }
  static_cast<void>(parse_process_list(text));
  static_cast<void>(parse_watch_event(text));
  static_cast<void>(parse_entry(text));
  if (const auto entries = parse_entries(text)) {
    for (const auto& entry : *entries) require(entry.mode <= 07777);
  }
  if (const auto sandbox = parse_sandbox(text)) require(!sandbox->id.empty());
  static_cast<void>(parse_sandbox_info(text));
  static_cast<void>(parse_sandbox_list(text));
  static_cast<void>(parse_templates(text));
  static_cast<void>(parse_snapshot(text));
  static_cast<void>(parse_snapshots(text));
  static_cast<void>(parse_metrics(text));
  if (const auto forks = parse_forks(text)) {
    for (const auto& fork : *forks) require(fork ? !fork->id.empty() : !fork.error().empty());
  }
  if (const auto build = parse_template_build(text)) require(!build->build_id.empty());
  static_cast<void>(parse_upload_place(text));
  static_cast<void>(parse_build_status(text));
  static_cast<void>(parse_tags(text));
  static_cast<void>(parse_logs(text));
  static_cast<void>(parse_time(text));
}

void failures(std::string_view text) {
  genesis::net::HttpAnswerHead head;
  head.status = 100 + static_cast<int>(text.size() % 500);
  head.headers.emplace_back("Retry-After", std::string(text));
  if (const auto wait = retry_after_of(head)) require(wait->count() >= 0);
  for (const auto& failure : {control_failure("x", head, text), agent_failure("x", head, text),
                              rpc_failure("x", head, text)}) {
    require(genesis::is_valid_utf8(failure.message) && failure.message.size() < 2000);
  }
  static_cast<void>(end_of_stream_failure("x", text));
}

void paths(std::string_view text) {
  const auto half = text.size() / 2;
  if (const auto rest = below(text.substr(0, half), text.substr(half))) {
    require(!rest->empty() && rest->front() != '/' &&
            ("/" + *rest + "/").find("/../") == rest->npos);
  }
  if (const auto rest = below("/a", "/a/" + std::string(text))) require(*rest == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(envelopes(text, 1) == envelopes(text, 4096));
  messages(text);
  failures(text);
  paths(text);
  return 0;
}
