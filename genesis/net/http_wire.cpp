#include "genesis/net/http_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <cstring>
#include <limits>
#include <variant>

#include "genesis/base/text.h"

namespace genesis::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Failure = boost::system::error_code;

constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

/// Beast's parser with what it finds put where we want it.
template <bool isRequest>
class Core final : public http::basic_parser<isRequest> {
 public:
  Core() {
    this->header_limit(kNoLimit);  // The owner bounds what it buffers.
    this->body_limit(boost::none);
    this->eager(false);
  }

  std::string method;
  std::string target;
  int status = 0;
  unsigned version = 11;
  Headers headers;
  bool head_over = false;
  char* to = nullptr;
  std::size_t room = 0;
  std::uint64_t chunk_left = 0;  ///< Of the present chunk; 0 between chunks.

 private:
  void on_request_impl(http::verb, beast::string_view method_text, beast::string_view target_text,
                       int version_number, Failure&) override {
    method.assign(method_text.data(), method_text.size());
    target.assign(target_text.data(), target_text.size());
    version = static_cast<unsigned>(version_number);
  }
  void on_response_impl(int code, beast::string_view, int version_number, Failure&) override {
    status = code;
    version = static_cast<unsigned>(version_number);
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     Failure&) override {
    if (head_over) return;  // Trailers are not passed on.
    headers.emplace_back(std::string(name.data(), name.size()),
                         std::string(value.data(), value.size()));
  }
  void on_header_impl(Failure&) override { head_over = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  std::size_t on_body_impl(beast::string_view body, Failure&) override { return take(body); }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view, Failure&) override {
    chunk_left = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, Failure&) override {
    const std::size_t taken = take(body);
    chunk_left -= taken;
    return taken;
  }
  void on_finish_impl(Failure&) override {}

  std::size_t take(beast::string_view body) {
    const std::size_t count = std::min<std::size_t>(body.size(), room);
    std::memcpy(to, body.data(), count);
    to += count;
    room -= count;
    return count;
  }
};

tl::unexpected<Error> refused(std::string why) {
  return make_error(ErrorKind::parse, "not a valid HTTP message: " + std::move(why));
}

bool is_token_letter(unsigned char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z') ||
         (letter != 0 && std::strchr("!#$%&'*+-.^_`|~", letter) != nullptr);
}

Status check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return refused("a folded header");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return refused("a header without a name");
  const auto name = line.substr(0, colon);
  if (!std::all_of(name.begin(), name.end(), is_token_letter)) {
    return refused("a header's name with a letter that must not be in it");
  }
  for (const char letter : line.substr(colon + 1)) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
      return refused("a header with a control character");
    }
  }
  return {};
}

/// The head's lines as strictly as they can be read, so that nobody behind us reads them otherwise.
Status check_lines(std::string_view head, bool is_request) {
  head.remove_suffix(2);  // The empty line.
  bool first = true;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.find('\n') != std::string_view::npos || line.find('\r') != std::string_view::npos) {
      return refused("a line that ends in half");
    }
    if (std::exchange(first, false)) {
      for (const char letter : line) {
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
          return refused("a control character in the first line");
        }
      }
      if (is_request && std::count(line.begin(), line.end(), ' ') != 2) {
        return refused("a first line that is not method, target and version");
      }
      continue;
    }
    GENESIS_TRY(check_field_line(line));
  }
  return {};
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && starts_with_ignore_case(a, b);
}

struct Framing {
  std::optional<std::uint64_t> length;
  bool chunked = false;
};

Result<Framing> framing_of(const Headers& headers, unsigned version) {
  Framing framing;
  for (const auto& [name, value] : headers) {
    if (same_name(name, "content-length")) {
      if (!is_digits(value)) return refused("a Content-Length that is no number");
      const std::uint64_t length = std::stoull(value);
      if (framing.length && *framing.length != length) {
        return refused("two Content-Lengths that differ");
      }
      framing.length = length;
    } else if (same_name(name, "transfer-encoding")) {
      if (framing.chunked) return refused("two Transfer-Encodings");
      if (!same_name(trim(value), "chunked")) {
        return make_error(ErrorKind::unsupported, "only Transfer-Encoding: chunked is served");
      }
      framing.chunked = true;
    }
  }
  if (framing.chunked && framing.length) {
    return refused("both Content-Length and Transfer-Encoding");
  }
  if (framing.chunked && version < 11) return refused("chunks in HTTP/1.0");
  return framing;
}

Status check_host(const Headers& headers, unsigned version) {
  const auto hosts = std::count_if(headers.begin(), headers.end(),
                                   [](const auto& h) { return same_name(h.first, "host"); });
  if (hosts > 1) return refused("two Host headers");
  if (hosts == 0 && version >= 11) return refused("no Host header");
  return {};
}

}  // namespace

struct HttpParser::Impl {
  explicit Impl(Reads what) {
    if (what == Reads::requests) {
      core.emplace<Core<true>>();
    } else {
      core.emplace<Core<false>>();
    }
  }

  template <bool isRequest>
  Result<std::size_t> read_head(Core<isRequest>& parser, std::string_view bytes);
  template <bool isRequest>
  Result<Step> read_chunks(Core<isRequest>& parser, std::string_view bytes, char* to,
                           std::size_t size);

  std::variant<std::monostate, Core<true>, Core<false>> core;
  HttpRequestHead request;
  HttpAnswerHead answer;
  std::size_t looked_at = 0;
  BodyEnd end = BodyEnd::none;
  std::uint64_t left = 0;
  bool done = false;
};

template <bool isRequest>
Result<std::size_t> HttpParser::Impl::read_head(Core<isRequest>& parser, std::string_view bytes) {
  // One empty line before a request is forgiven, as RFC 9112 asks.
  const std::size_t skipped = isRequest && bytes.substr(0, 2) == "\r\n" ? 2 : 0;
  const auto found = bytes.find("\r\n\r\n", std::max(looked_at, skipped));
  if (found == std::string_view::npos) {
    // A head that can no longer become one is refused at once, not when the buffer is full.
    const auto half = bytes.substr(skipped).find('\n');
    if (half != std::string_view::npos && (half == 0 || bytes[skipped + half - 1] != '\r')) {
      return refused("a line that ends in half");
    }
    looked_at = bytes.size() < 3 ? 0 : bytes.size() - 3;
    return 0;
  }
  const auto head = bytes.substr(skipped, found + 4 - skipped);
  GENESIS_TRY(check_lines(head, isRequest));
  Failure failure;
  parser.put(boost::asio::buffer(head.data(), head.size()), failure);
  if (failure == http::error::bad_version) {
    return make_error(ErrorKind::unsupported, "only HTTP 1.1 and 1.0 are served");
  }
  if (failure) return refused(failure.message());
  if (!parser.is_header_done()) return refused("a head that has no end");
  GENESIS_TRY_ASSIGN(const Framing framing, framing_of(parser.headers, parser.version));
  if constexpr (isRequest) {
    GENESIS_TRY(check_host(parser.headers, parser.version));
    request.method = std::move(parser.method);
    request.target = std::move(parser.target);
    request.version = parser.version;
    request.headers = std::move(parser.headers);
    request.keep_alive = parser.keep_alive();
    request.content_length = framing.length;
  } else {
    answer.status = parser.status;
    answer.version = parser.version;
    answer.headers = std::move(parser.headers);
    answer.keep_alive = parser.keep_alive();
    answer.content_length = framing.length;
  }
  const bool bodiless =
      !isRequest && (parser.status / 100 == 1 || parser.status == 204 || parser.status == 304);
  if (framing.chunked && !bodiless) {
    end = BodyEnd::chunks;
  } else if (framing.length && *framing.length > 0 && !bodiless) {
    end = BodyEnd::length;
    left = *framing.length;
  } else if (!isRequest && !framing.length && !bodiless) {
    end = BodyEnd::close;
  }
  done = end == BodyEnd::none;
  return skipped + head.size();
}

// Between chunks at least so much must come. Beast looks at a last chunk whose trailer has not come
// whole as if it were there.
constexpr std::string_view kShortestEnd = "0\r\n\r\n";

template <bool isRequest>
Result<HttpParser::Step> HttpParser::Impl::read_chunks(Core<isRequest>& parser,
                                                       std::string_view bytes, char* to,
                                                       std::size_t size) {
  Step step;
  parser.to = to;
  parser.room = size;
  while (!parser.is_done()) {
    const auto rest = bytes.substr(step.used);
    if (rest.empty() || (parser.room == 0 && size > 0)) break;
    if (parser.chunk_left == 0 && rest.size() < kShortestEnd.size()) break;
    Failure failure;
    const std::size_t used = parser.put(boost::asio::buffer(rest.data(), rest.size()), failure);
    step.used += used;
    if (failure == http::error::need_more) break;
    if (failure) return refused(failure.message());
    if (used == 0) break;
  }
  step.written = size - parser.room;
  done = parser.is_done();
  return step;
}

HttpParser::HttpParser(Reads what) : impl_(std::make_unique<Impl>(what)) {}
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;
HttpParser::~HttpParser() = default;

Result<std::size_t> HttpParser::head(std::string_view bytes) {
  if (auto* const requests = std::get_if<Core<true>>(&impl_->core)) {
    return impl_->read_head(*requests, bytes);
  }
  return impl_->read_head(std::get<Core<false>>(impl_->core), bytes);
}

const HttpRequestHead& HttpParser::request() const {
  return impl_->request;
}
const HttpAnswerHead& HttpParser::answer() const {
  return impl_->answer;
}
BodyEnd HttpParser::body_end() const {
  return impl_->end;
}
std::uint64_t HttpParser::body_left() const {
  return impl_->left;
}
bool HttpParser::body_done() const {
  return impl_->done;
}

void HttpParser::expect_no_body() {
  impl_->end = BodyEnd::none;
  impl_->left = 0;
  impl_->done = true;
}

Result<HttpParser::Step> HttpParser::body(std::string_view bytes, char* to, std::size_t size) {
  if (impl_->done) return Step{};
  if (impl_->end == BodyEnd::chunks) {
    if (auto* const requests = std::get_if<Core<true>>(&impl_->core)) {
      return impl_->read_chunks(*requests, bytes, to, size);
    }
    return impl_->read_chunks(std::get<Core<false>>(impl_->core), bytes, to, size);
  }
  std::size_t count = std::min(bytes.size(), size);
  if (impl_->end == BodyEnd::length && count > impl_->left) count = impl_->left;
  std::memcpy(to, bytes.data(), count);
  if (impl_->end == BodyEnd::length) body_moved(count);
  Step step;
  step.used = count;
  step.written = count;
  return step;
}

void HttpParser::body_moved(std::uint64_t count) {
  impl_->left -= std::min(count, impl_->left);
  if (impl_->left == 0) impl_->done = true;
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [known, value] : headers) {
    if (same_name(known, name)) return &value;
  }
  return nullptr;
}

const std::string* HttpRequestHead::find(std::string_view name) const {
  return find_header(headers, name);
}

const std::string* HttpAnswerHead::find(std::string_view name) const {
  return find_header(headers, name);
}

std::string_view reason_of(int status) {
  const auto known = http::int_to_status(static_cast<unsigned>(status));
  if (known == http::status::unknown) return "Status";
  const auto reason = http::obsolete_reason(known);
  return {reason.data(), reason.size()};
}

Result<std::string> answer_head_text(int status, const Headers& headers,
                                     std::optional<std::uint64_t> content_length, unsigned version,
                                     bool keep_alive) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_of(status));
  for (const auto& [name, value] : headers) {
    GENESIS_TRY(check_header(name, value));
    text.append(name).append(": ").append(value).append("\r\n");
  }
  const bool bodiless = status / 100 == 1 || status == 204 || status == 304;
  if (content_length && !(bodiless && *content_length == 0)) {
    text += fmt::format("Content-Length: {}\r\n", *content_length);
  } else if (!bodiless && version >= 11) {
    text += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive) {
    text += "Connection: close\r\n";
  } else if (version < 11) {
    text += "Connection: keep-alive\r\n";
  }
  return text + "\r\n";
}

}  // namespace genesis::net
