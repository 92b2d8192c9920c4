#include "genesis/net/url.h"

#ifdef GENESIS_COMPILES_BOOST_URL
#include <boost/url/src.hpp>
#else
#include <boost/url.hpp>
#endif

#include <algorithm>
#include <cctype>
#include <charconv>

namespace genesis::net {
namespace {

tl::unexpected<Error> refuse(std::string_view why) {
  return make_error(ErrorKind::invalid_argument,
                    "not a URL as https://host/path: " + std::string(why));
}

}  // namespace

std::string Url::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + port;
}

std::string Url::origin() const {
  return std::string(tls ? "https://" : "http://") + authority();
}

Result<Url> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return refuse(parsed.error().message());
  const boost::urls::url_view view = *parsed;
  Url url;
  if (view.scheme_id() == boost::urls::scheme::https)
    url.tls = true;
  else if (view.scheme_id() != boost::urls::scheme::http)
    return refuse("only http and https are known");
  // An IPv6 address stands in brackets, a name may be percent-encoded.
  if (view.host_type() == boost::urls::host_type::ipv6)
    url.host = view.host_ipv6_address().to_string();
  else
    url.host = view.host_name().empty() ? view.host() : view.host_name();
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (url.host.empty()) return refuse("it names no host");
  for (const char letter : url.host) {
    if (static_cast<unsigned char>(letter) <= ' ' || letter == 0x7F || letter == '/' ||
        letter == '@') {
      return refuse("its host has a character that no host has");
    }
  }
  if (view.has_port() && !view.port().empty()) {
    // Boost.URL takes any number of digits, and cuts what it makes of them.
    const std::string_view digits(view.port().data(), view.port().size());
    unsigned number = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc() || number == 0 || number > 65535) {
      return refuse("its port is not from 1 to 65535");
    }
    url.port = std::to_string(number);
  } else {
    url.port = url.tls ? "443" : "80";
  }
  const std::string_view target(view.encoded_target().data(), view.encoded_target().size());
  url.target =
      target.empty() || target.front() != '/' ? "/" + std::string(target) : std::string(target);
  if (view.has_userinfo()) url.user_info = view.userinfo();
  return url;
}

}  // namespace genesis::net
