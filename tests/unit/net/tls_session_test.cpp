// Against a server of Asio's on loopback, with a certificate made here.

#include "genesis/net/tls_session.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace genesis::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Stream = ssl::stream<tcp::socket>;

struct Identity {
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{::EVP_EC_gen("P-256"), ::EVP_PKEY_free};
  std::unique_ptr<X509, void (*)(X509*)> certificate{::X509_new(), ::X509_free};
};

/// For localhost and 127.0.0.1, signed by itself.
Identity make_identity() {
  Identity made;
  X509* const x = made.certificate.get();
  ::X509_set_version(x, 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(x), 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(x), -60);
  ::X509_gmtime_adj(::X509_getm_notAfter(x), 3600);
  ::X509_set_pubkey(x, made.key.get());
  ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  ::X509_set_issuer_name(x, ::X509_get_subject_name(x));
  X509_EXTENSION* names =
      ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  ::X509_add_ext(x, names, -1);
  ::X509_EXTENSION_free(names);
  ::X509_sign(x, made.key.get(), ::EVP_sha256());
  return made;
}

class TlsSessionTest : public testing::Test {
 protected:
  using Service = std::function<asio::awaitable<void>(std::shared_ptr<Stream>)>;
  using Use = std::function<asio::awaitable<void>(TlsSession&, tcp::socket&)>;

  TlsSessionTest() {
    ::SSL_CTX_use_certificate(theirs_.native_handle(), identity_.certificate.get());
    ::SSL_CTX_use_PrivateKey(theirs_.native_handle(), identity_.key.get());
    ours_.set_verify_mode(ssl::verify_peer);
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(ours_.native_handle()),
                          identity_.certificate.get());
  }

  /// One connection; `use` begins where both have agreed, or never.
  void talk(Service service, Use use, const std::string& host = "localhost") {
    asio::co_spawn(io_, serve(std::move(service)), asio::detached);
    asio::co_spawn(io_, visit(std::move(use), host),
                   [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
    io_.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(io_.stopped()) << "something waits for ever";
  }

  asio::awaitable<void> serve(Service service) {
    error_code failure;
    auto stream =
        std::make_shared<Stream>(co_await acceptor_.async_accept(asio::use_awaitable), theirs_);
    co_await stream->async_handshake(Stream::server,
                                     asio::redirect_error(asio::use_awaitable, failure));
    if (!failure) co_await service(stream);
  }

  asio::awaitable<void> visit(Use use, std::string host) {
    tcp::socket socket(io_);
    co_await socket.async_connect(acceptor_.local_endpoint(), asio::use_awaitable);
    // So small that a large message waits for room many times.
    socket.set_option(tcp::socket::send_buffer_size(4096));
    TlsSession session(socket, ours_.native_handle(), host);
    agreed_ = co_await session.agree();
    refusal_ = session.refusal() == nullptr ? "" : session.refusal();
    if (!agreed_) co_await use(session, socket);
  }

  Identity identity_ = make_identity();
  ssl::context theirs_{ssl::context::tls_server};
  ssl::context ours_{ssl::context::tls_client};
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  error_code agreed_;
  std::string refusal_;
};

asio::awaitable<void> nothing(std::shared_ptr<Stream>) {
  co_return;
}
asio::awaitable<void> no_use(TlsSession&, tcp::socket&) {
  co_return;
}

TEST_F(TlsSessionTest, LargeMessagesTravelBothWaysAndACleanEndIsOne) {
  std::string sent(5'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761u >> 13);
  const auto echo = [&](std::shared_ptr<Stream> stream) -> asio::awaitable<void> {
    std::string got(sent.size(), '\0');
    co_await asio::async_read(*stream, asio::buffer(got), asio::use_awaitable);
    co_await asio::async_write(*stream, asio::buffer(got), asio::use_awaitable);
    error_code ignored;
    co_await stream->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  };
  std::string back;
  error_code end;
  talk(echo, [&](TlsSession& session, tcp::socket&) -> asio::awaitable<void> {
    const std::size_t taken = co_await session.write(sent, end);
    EXPECT_EQ(taken, sent.size());
    std::string piece(100'000, '\0');
    while (!end) {
      const std::size_t count = co_await session.read_some(piece.data(), piece.size(), end);
      back.append(piece, 0, count);
    }
  });
  EXPECT_TRUE(back == sent);
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(TlsSessionTest, AnEndWithoutAWordIsNone) {
  error_code end;
  talk(nothing, [&](TlsSession& session, tcp::socket&) -> asio::awaitable<void> {
    char piece[100];
    const std::size_t count = co_await session.read_some(piece, sizeof piece, end);
    EXPECT_EQ(count, 0u);
  });
  EXPECT_EQ(end, ssl::error::stream_truncated);
}

TEST_F(TlsSessionTest, WritingToWhoHasGoneIsAnErrorAndNoSignal) {
  error_code end;
  talk(nothing, [&](TlsSession& session, tcp::socket&) -> asio::awaitable<void> {
    const std::string piece(100'000, 'x');
    while (!end) co_await session.write(piece, end);
  });
  EXPECT_THAT(end.message(),
              testing::AnyOf(testing::HasSubstr("reset"), testing::HasSubstr("pipe")));
}

TEST_F(TlsSessionTest, ACertificateIsForNamesAndAddresses) {
  talk(nothing, no_use, "127.0.0.1");
  EXPECT_FALSE(agreed_) << agreed_.message();
  for (const std::string other : {"elsewhere.example", "127.0.0.2"}) {
    io_.restart();
    talk(nothing, no_use, other);
    EXPECT_TRUE(agreed_) << other;
    EXPECT_THAT(refusal_, testing::HasSubstr("mismatch")) << other;
  }
}

TEST_F(TlsSessionTest, WhoIsNotKnownIsRefused) {
  ssl::context stranger{ssl::context::tls_client};
  stranger.set_verify_mode(ssl::verify_peer);
  std::swap(ours_, stranger);
  talk(nothing, no_use);
  EXPECT_TRUE(agreed_);
  EXPECT_THAT(refusal_, testing::HasSubstr("certificate"));
}

TEST_F(TlsSessionTest, ClosingTheSocketEndsWhatWaits) {
  error_code end;
  const auto silent = [&](std::shared_ptr<Stream> stream) -> asio::awaitable<void> {
    char byte = 0;
    error_code ignored;
    co_await asio::async_read(*stream, asio::buffer(&byte, 1),
                              asio::redirect_error(asio::use_awaitable, ignored));
  };
  talk(silent, [&](TlsSession& session, tcp::socket& socket) -> asio::awaitable<void> {
    asio::steady_timer soon(io_, std::chrono::milliseconds(20));
    soon.async_wait([&](const error_code&) { socket.close(); });
    char byte = 0;
    co_await session.read_some(&byte, 1, end);
  });
  EXPECT_EQ(end, asio::error::operation_aborted);
}

TEST_F(TlsSessionTest, NoiseInPlaceOfTlsIsAnError) {
  const auto chatter = [this]() -> asio::awaitable<void> {
    tcp::socket peer = co_await acceptor_.async_accept(asio::use_awaitable);
    const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
    co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
  };
  asio::co_spawn(io_, chatter, asio::detached);
  asio::co_spawn(io_, visit(no_use, "localhost"), asio::detached);
  io_.run_for(std::chrono::seconds(60));
  EXPECT_EQ(&agreed_.category(), &asio::error::get_ssl_category());
}

}  // namespace
}  // namespace genesis::net
