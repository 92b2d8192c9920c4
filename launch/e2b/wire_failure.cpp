#include "launch/e2b/wire_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "genesis/base/text.h"

namespace genesis::launch::e2b {
namespace {

using nlohmann::json;

constexpr std::size_t kMostMessage = 500;

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string shortened(std::string_view text) {
  std::string clean = to_valid_utf8(trim(text).substr(0, kMostMessage));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return clean;
}

Failure made(FailureKind kind, const std::string& what, std::string_view why) {
  return Failure(kind, why.empty() ? what : fmt::format("{}: {}", what, why));
}

std::string status_and(int status, std::string_view message) {
  return message.empty() ? fmt::format("HTTP status {}", status)
                         : fmt::format("{} (HTTP status {})", message, status);
}

bool says(std::string_view message, std::string_view words) {
  return std::search(message.begin(), message.end(), words.begin(), words.end(),
                     [](char a, char b) { return (a | 0x20) == (b | 0x20); }) != message.end();
}

/// A gateway's 502: the sandbox is not there, or its agent is not reached.
FailureKind kind_of_bad_gateway(std::string_view message) {
  return says(message, "not found") ? FailureKind::sandbox_gone : FailureKind::unavailable;
}

FailureKind kind_of_code(std::string_view code) {
  if (code == "not_found") return FailureKind::not_found;
  if (code == "already_exists") return FailureKind::already_exists;
  if (code == "unauthenticated" || code == "permission_denied") return FailureKind::unauthorized;
  if (code == "resource_exhausted") return FailureKind::rate_limited;
  if (code == "deadline_exceeded") return FailureKind::deadline;
  if (code == "canceled" || code == "unavailable" || code == "aborted" || code == "internal" ||
      code == "unknown" || code == "data_loss") {
    return FailureKind::unavailable;
  }
  return FailureKind::refused;
}

/// {"code":…,"message":…}; none when it is not a Connect error.
std::optional<Failure> connect_error(const std::string& what, const json& error) {
  if (!error.is_object()) return std::nullopt;
  const std::string code = text_of(error, "code");
  if (code.empty()) return std::nullopt;
  const std::string message = shortened(text_of(error, "message"));
  return made(kind_of_code(code), what,
              message.empty() ? code : fmt::format("{} ({})", message, code));
}

}  // namespace

std::string message_of(std::string_view body) {
  const json parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object()) return shortened(body);
  std::string message = text_of(parsed, "message");
  // Our own server says in a gateway's answer what became of the sandbox.
  for (const char* more : {"cause", "detail"}) {
    const std::string text = text_of(parsed, more);
    if (!text.empty()) message += (message.empty() ? "" : ": ") + text;
  }
  return shortened(message);
}

std::optional<std::chrono::seconds> retry_after_of(const net::HttpAnswerHead& head) {
  const std::string* const value = head.find("Retry-After");
  if (value == nullptr) return std::nullopt;
  const auto text = trim(*value);
  if (text.empty() || text.size() > 9 ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::stol(std::string(text)));
}

Failure control_failure(const std::string& what, const net::HttpAnswerHead& head,
                        std::string_view body) {
  const std::string message = message_of(body);
  const std::string why = status_and(head.status, message);
  Failure failure;
  switch (head.status) {
    case 401:
      failure = made(FailureKind::unauthorized, what, why + "; is E2B_API_KEY the provider's?");
      break;
    case 403:
      // OpenKruise tells its quota so.
      failure = made(says(message, "quota") ? FailureKind::rate_limited : FailureKind::unauthorized,
                     what, why);
      break;
    case 404:
      failure = made(FailureKind::not_found, what, why);
      break;
    case 429:
      failure = made(FailureKind::rate_limited, what, why);
      break;
    default:
      failure =
          made(head.status >= 500 ? FailureKind::unavailable : FailureKind::refused, what, why);
      if (head.status == 501) failure.kind = FailureKind::refused;
      break;
  }
  failure.retry_after = retry_after_of(head);
  return failure;
}

Failure agent_failure(const std::string& what, const net::HttpAnswerHead& head,
                      std::string_view body) {
  const std::string message = message_of(body);
  const std::string why = status_and(head.status, message);
  Failure failure = made(FailureKind::refused, what, why);
  switch (head.status) {
    case 401:
    case 403:
      failure.kind = FailureKind::unauthorized;
      break;
    case 404:
      failure.kind = FailureKind::not_found;
      break;
    case 429:
      failure.kind = FailureKind::rate_limited;
      break;
    case 502:
      failure.kind = kind_of_bad_gateway(message);
      break;
    case 507:
      failure.kind = FailureKind::no_space;
      break;
    default:
      if (head.status >= 500) failure.kind = FailureKind::unavailable;
      break;
  }
  failure.retry_after = retry_after_of(head);
  return failure;
}

Failure rpc_failure(const std::string& what, const net::HttpAnswerHead& head,
                    std::string_view body) {
  const json parsed = json::parse(body, nullptr, false);
  auto failure = connect_error(what, parsed);
  if (!failure) return agent_failure(what, head, body);
  failure->retry_after = retry_after_of(head);
  return *failure;
}

std::optional<Failure> end_of_stream_failure(const std::string& what, std::string_view payload) {
  const json parsed = json::parse(payload, nullptr, false);
  if (!parsed.is_object()) {
    return made(FailureKind::broken, what, "the stream's last message is no JSON object");
  }
  const auto error = parsed.find("error");
  if (error == parsed.end() || error->is_null()) return std::nullopt;
  auto failure = connect_error(what, *error);
  if (failure) return failure;
  return made(FailureKind::broken, what, "the stream ended with an error that has no code");
}

Failure transport_failure(const std::string& what, const Error& error) {
  const auto kind = [&] {
    switch (error.kind) {
      case ErrorKind::timeout:
        return FailureKind::deadline;
      case ErrorKind::cancelled:
        return FailureKind::cancelled;
      case ErrorKind::unavailable:
        return FailureKind::unavailable;
      case ErrorKind::parse:
        return FailureKind::broken;
      case ErrorKind::io:
        return FailureKind::local_io;
      default:
        return FailureKind::refused;
    }
  }();
  return made(kind, what, error.message);
}

}  // namespace genesis::launch::e2b
