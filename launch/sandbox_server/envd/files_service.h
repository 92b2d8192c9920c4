#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "launch/sandbox_server/envd/agent_context.h"
#include "launch/sandbox_server/envd/file_metadata.h"
#include "launch/sandbox_server/envd/query.h"
#include "launch/sandbox_server/envd/upload.h"
#include "launch/sandbox_wire/signature.h"

namespace genesis::envd {

/// GET and POST /files, POST /files/compose. I/O thread only; the context must outlive the
/// awaitables.
class FilesService {
 public:
  explicit FilesService(AgentContext& context) : context_(context) {}

  boost::asio::awaitable<void> download(net::HttpExchange& exchange, Target target);
  boost::asio::awaitable<void> upload(net::HttpExchange& exchange, Target target);
  boost::asio::awaitable<void> compose(net::HttpExchange& exchange);

 private:
  /// What both ways ask first: whether the files may be had, and as whom. Errors: 401.
  tl::expected<Actor, UploadError> admit(const net::HttpRequestHead& head, const Target& target,
                                         sandbox_wire::FileAccess access) const;
  /// Empty: access is granted; else why it is not.
  std::string refusal(const net::HttpRequestHead& head, const Target& target,
                      sandbox_wire::FileAccess access) const;

  AgentContext& context_;
};

}  // namespace genesis::envd
