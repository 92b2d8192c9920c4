#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "genesis/net/http_request.h"

// Apart from the client: servers check headers too, and need no TLS for that.
namespace genesis::net {

namespace {

bool is_token_letter(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_letter);
}

}  // namespace

Status check_header(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("'{}' is not the name of a header", name));
  }
  for (const char letter : value) {
    if ((static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7F) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("the value of header '{}' has a control character", name));
    }
  }
  return {};
}

Status check_method(std::string_view method) {
  if (is_token(method)) return {};
  return make_error(ErrorKind::invalid_argument, fmt::format("'{}' is not an HTTP method", method));
}

}  // namespace genesis::net
