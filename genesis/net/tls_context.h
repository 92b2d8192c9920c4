#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "genesis/base/error.h"

namespace genesis::net {

/// A context for clients: TLS 1.2 at least, the other side's certificate verified by what
/// SSL_CERT_FILE and SSL_CERT_DIR name, or else by the certificates of this machine, wherever its
/// distribution keeps them. Any thread; reads files.
Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context();

}  // namespace genesis::net
