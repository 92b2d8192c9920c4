// What clients send to a sandbox's agent: Connect frames, multipart and gzip bodies, JSON messages,
// targets, headers. Whatever the bytes: nothing breaks, and it does not matter how they are cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/base64.h"
#include "genesis/base/gzip_stream.h"
#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/agent_options.h"
#include "launch/sandbox_server/envd/connect_frames.h"
#include "launch/sandbox_server/envd/download.h"
#include "launch/sandbox_server/envd/file_metadata.h"
#include "launch/sandbox_server/envd/filesystem_messages.h"
#include "launch/sandbox_server/envd/multipart.h"
#include "launch/sandbox_server/envd/paths.h"
#include "launch/sandbox_server/envd/process_messages.h"
#include "launch/sandbox_server/envd/query.h"

namespace {

using namespace genesis::envd;

void require(bool condition) {
  if (!condition) std::abort();
}

/// All of a multipart body as one text, fed in pieces of a size.
std::string multipart(std::string_view bytes, std::size_t piece) {
  MultipartReader reader("b");
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.append(bytes.substr(at, piece));
    for (;;) {
      auto step = reader.next();
      if (!step) return seen + "|error";
      const auto event = step->event;
      if (event == MultipartReader::Event::need_more || event == MultipartReader::Event::end) break;
      if (event == MultipartReader::Event::part) {
        seen += "|" + step->part.name + "|" + step->part.file_name + "|";
      }
      seen += step->data;
    }
  }
  return seen + (reader.at_end() ? "|end" : "");
}

std::string frames(std::string_view bytes, std::size_t piece) {
  FrameReader reader(4096);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.append(bytes.substr(at, piece));
    for (;;) {
      auto frame = reader.next();
      if (!frame) return seen + "|error";
      if (!*frame) break;
      seen += "|" + std::to_string((*frame)->flags) + (*frame)->payload;
    }
  }
  return seen;
}

void unpack(std::string_view bytes) {
  genesis::GzipReader reader;
  std::size_t total = 0;
  static_cast<void>(reader.feed(bytes, [&total](std::string_view piece) -> genesis::Status {
    total += piece.size();
    // A bomb is its sink's to end.
    if (total < (8u << 20)) return {};
    return genesis::make_error(genesis::ErrorKind::io, "full");
  }));
  static_cast<void>(reader.finish());
}

void messages(std::string_view text) {
  if (const auto start = parse_start(text)) {
    ListedProcess process;
    process.config = start->config;
    process.tag = start->tag;
    require(genesis::is_valid_utf8(list_reply({process})));
    require(!start->config.command.empty());
  }
  static_cast<void>(parse_selector(text));
  static_cast<void>(parse_update(text));
  static_cast<void>(parse_input(text));
  static_cast<void>(parse_signal(text));
  static_cast<void>(parse_stream_input(text));
  static_cast<void>(parse_list_request(text));
  static_cast<void>(parse_move_request(text));
  static_cast<void>(parse_watch_request(text));
  static_cast<void>(parse_compose_request(text));
  static_cast<void>(parse_init(text));
  static_cast<void>(parse_settings(text));
  if (const auto path = parse_path_request(text)) {
    if (const auto resolved = resolve_path(*path, "/home/user", "")) {
      require(resolved->front() == '/' && resolved->find('\0') == std::string::npos);
      require(clean_path(*resolved).find("/../") == std::string::npos);
    }
  }
}

void heads(std::string_view text) {
  if (const auto bytes = genesis::from_base64(text))
    require(genesis::from_base64(genesis::to_base64(*bytes)) == *bytes);
  static_cast<void>(basic_user(text));
  static_cast<void>(parse_timestamp(text));
  static_cast<void>(multipart_boundary(text));
  static_cast<void>(parse_part_head(text));
  static_cast<void>(parse_http_date(text));
  const std::string header(text);
  static_cast<void>(choose_coding(&header, false));
  const RangeChoice choice = choose_range(text, 1000);
  require(choice.range.offset + choice.range.length <= 1000);
  const std::string disposition = content_disposition(text);
  for (const char c : disposition) require(c >= 0x20 && c < 0x7f);
  if (const auto target = parse_target(text)) require(target->path.find('\0') == std::string::npos);
  if (const auto metadata = metadata_of_headers({{"X-Metadata-k", header}})) {
    require(metadata->size() == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::size_t piece = 1 + data[1] % 64;
  switch (data[0] % 5) {
    case 0:
      require(frames(bytes, piece) == frames(bytes, bytes.size() + 1));
      static_cast<void>(single_frame(bytes, 4096));
      break;
    case 1: {
      const std::string cut = multipart(bytes, piece);
      const std::string whole = multipart(bytes, bytes.size() + 1);
      // Where a head is too long, it depends on the pieces how soon that is seen.
      if (cut.find("|error") == cut.npos && whole.find("|error") == whole.npos) {
        require(cut == whole);
      }
      break;
    }
    case 2:
      unpack(bytes);
      break;
    case 3:
      messages(bytes);
      break;
    default:
      heads(bytes);
  }
  return 0;
}
