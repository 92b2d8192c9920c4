#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/net/http_wire.h"
#include "launch/e2b/failure.h"

/// What an answer that is not the wanted one means. Pure; any thread. `what` says operation and
/// object: "create a sandbox", "read '/a' in sandbox x".
namespace genesis::launch::e2b {

/// The words of an error's body: JSON's `message` (and `detail`, `cause` of our own server), else
/// the text itself, cut.
std::string message_of(std::string_view body);
/// Integer seconds, as the protocol has them.
std::optional<std::chrono::seconds> retry_after_of(const net::HttpAnswerHead& head);

/// Of the control plane.
Failure control_failure(const std::string& what, const net::HttpAnswerHead& head,
                        std::string_view body);
/// Of the agent's REST calls, or of the gateway before it.
Failure agent_failure(const std::string& what, const net::HttpAnswerHead& head,
                      std::string_view body);
/// Of a Connect call: the error's JSON, `{"code": "not_found", "message": …}`. A body that is none
/// is judged by the HTTP status, as a proxy's.
Failure rpc_failure(const std::string& what, const net::HttpAnswerHead& head,
                    std::string_view body);
/// Of the envelope that ends a stream; none when it ended well.
std::optional<Failure> end_of_stream_failure(const std::string& what, std::string_view payload);
/// A connection that could not be made, broke, was too slow.
Failure transport_failure(const std::string& what, const Error& error);

}  // namespace genesis::launch::e2b
