#include "tests/bench/bare_command.h"

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>

namespace genesis::bench {

BareCommand::BareCommand(BareHttp& http, Headers routing, const std::string& text) : http_(http) {
  const nlohmann::json process = {{"cmd", "/bin/bash"}, {"args", {"-l", "-c", text}}};
  const std::string message = nlohmann::json{{"process", process}, {"stdin", false}}.dump();
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string envelope(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) envelope += static_cast<char>(size >> shift);
  routing.insert(routing.end(), {{"content-type", "application/connect+json"},
                                 {"connect-protocol-version", "1"},
                                 {"connect-timeout-ms", "60000"},
                                 {"keepalive-ping-interval", "50"},
                                 {"authorization", "Basic dXNlcjo="}});  // "user:"
  envelope += message;
  http_.send_head("POST", "/process.Process/Start", routing, envelope.size(), envelope);
  if (const int status = http_.read_head(); status != 200) {
    throw std::runtime_error(fmt::format("start a command: status {}", status));
  }
}

void BareCommand::wait_for_output() {
  while (next()) {
    if (message_.contains("event") && message_["event"].contains("data")) return;
  }
  throw std::runtime_error("the command ended without output");
}

void BareCommand::wait_for_end() {
  bool succeeded = false;
  while (next()) {
    if (!message_.contains("event") || !message_["event"].contains("end")) continue;
    succeeded = message_["event"]["end"].value("status", "") == "exit status 0";
  }
  if (!succeeded || message_.contains("error")) {
    throw std::runtime_error("the command failed: " + message_.dump());
  }
  if (http_.read_piece()) throw std::runtime_error("bytes behind the end of the stream");
}

bool BareCommand::next() {
  fill(5);
  std::size_t size = 0;
  for (int i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(bytes_[i]);
  fill(5 + size);
  const bool last = (bytes_[0] & 2) != 0;
  message_ = nlohmann::json::parse(bytes_.substr(5, size));
  bytes_.erase(0, 5 + size);
  return !last;
}

void BareCommand::fill(std::size_t size) {
  while (bytes_.size() < size) {
    const auto piece = http_.read_piece();
    if (!piece) throw std::runtime_error("the stream broke off before its last envelope");
    bytes_ += *piece;
  }
}

}  // namespace genesis::bench
