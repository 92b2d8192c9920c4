#include "launch/sandbox_wire/cross_origin.h"

namespace genesis::sandbox_wire {

bool is_preflight(const net::HttpRequestHead& request) {
  return request.method == "OPTIONS" && request.find("Origin") &&
         request.find("Access-Control-Request-Method");
}

net::Headers preflight_headers() {
  net::Headers headers;
  headers.emplace_back("Access-Control-Allow-Origin", "*");
  headers.emplace_back("Access-Control-Allow-Methods",
                       "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  // The star does not stand for Authorization.
  headers.emplace_back("Access-Control-Allow-Headers", "*, Authorization");
  headers.emplace_back("Access-Control-Max-Age", "7200");
  headers.emplace_back("Vary",
                       "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return headers;
}

net::Headers cross_origin_headers(const net::HttpRequestHead& request) {
  net::Headers headers;
  if (!request.find("Origin")) return headers;
  headers.emplace_back("Access-Control-Allow-Origin", "*");
  // By name, for browsers that do not know the star: Connect's, pages of lists, files, retries.
  headers.emplace_back("Access-Control-Expose-Headers",
                       "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, X-Next-Token, "
                       "X-Total-Running, Retry-After, Content-Disposition, Location, "
                       "Cache-Control, X-Content-Type-Options, *");
  headers.emplace_back("Vary", "Origin");
  return headers;
}

}  // namespace genesis::sandbox_wire
