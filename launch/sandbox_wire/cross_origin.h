#pragma once

#include "genesis/net/http_wire.h"

namespace genesis::sandbox_wire {

/// Programs in browsers use the SDKs too: any page may ask. What is secret is in headers, never in
/// cookies, so that a page can do no more than what it has the key for. Pure; any thread.

/// A browser asks whether it may send a request: answered with 204 and preflight_headers() without
/// looking at keys, which it does not send yet.
bool is_preflight(const net::HttpRequestHead& request);
net::Headers preflight_headers();

/// What an answer to a page needs, so that its program may read it; none where no page asked.
net::Headers cross_origin_headers(const net::HttpRequestHead& request);

}  // namespace genesis::sandbox_wire
