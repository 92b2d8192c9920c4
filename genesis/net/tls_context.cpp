#include "genesis/net/tls_context.h"

#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>

namespace genesis::net {
namespace {

// A package carries a library that looks where the distribution it was built on keeps them.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // newer ones
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine
};

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != 0;
}

}  // namespace

Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context() {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  boost::system::error_code failure;
  context->set_default_verify_paths(failure);  // SSL_CERT_FILE and SSL_CERT_DIR among them
  if (failure) {
    return make_error(ErrorKind::io, "load the machine's certificates: " + failure.message());
  }
  if (is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR")) return context;
  for (const char* bundle : kBundles) {
    std::error_code missing;
    if (!std::filesystem::exists(bundle, missing)) continue;
    context->load_verify_file(bundle, failure);
    if (!failure) break;
  }
  return context;
}

}  // namespace genesis::net
