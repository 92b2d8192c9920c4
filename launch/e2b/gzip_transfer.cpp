#include "launch/e2b/gzip_transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "genesis/base/files.h"
#include "genesis/base/gzip_stream.h"
#include "launch/e2b/wire_failure.h"

namespace genesis::launch::e2b {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPiece = 256u << 10;

Failure failed_locally(const std::string& what, const char* doing) {
  return Failure(FailureKind::local_io,
                 fmt::format("{}: {}: {}", what, doing, std::strerror(errno)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Awaitable<Outcome<Fd>> packed_file(int from, std::string what) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  Fd packed(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!packed) co_return tl::unexpected<Failure>(failed_locally(what, "make a temporary file"));
  const auto executor = co_await asio::this_coro::executor;
  GzipWriter writer;
  std::vector<char> piece(kPiece);
  for (off_t at = 0;;) {
    const ssize_t count = ::pread(from, piece.data(), piece.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) co_return tl::unexpected<Failure>(failed_locally(what, "read"));
    at += count;
    const std::string_view read(piece.data(), static_cast<std::size_t>(count));
    if (!write_all(packed.get(), writer.pack(read, count == 0))) {
      co_return tl::unexpected<Failure>(failed_locally(what, "write a temporary file"));
    }
    if (count == 0) co_return packed;
    co_await asio::post(executor, asio::use_awaitable);
  }
}

Awaitable<Outcome<std::uint64_t>> unpacked_answer(net::HttpAnswer& answer, std::uint64_t limit,
                                                  std::chrono::milliseconds idle,
                                                  std::function<Status(std::string_view)> sink,
                                                  std::string what) {
  GzipReader reader;
  std::vector<char> piece(kPiece);
  std::uint64_t bytes = 0;
  bool too_large = false;
  bool refused = false;
  const std::function<Status(std::string_view)> counted = [&](std::string_view some) -> Status {
    if (some.size() > limit - bytes) {
      too_large = true;
      return make_error(ErrorKind::io, "too large");
    }
    bytes += some.size();
    Status taken = sink(some);
    refused = !taken;
    return taken;
  };
  while (true) {
    answer.set_deadline(std::chrono::steady_clock::now() + idle);
    const auto count = co_await answer.read(piece.data(), piece.size());
    if (!count) co_return tl::unexpected<Failure>(transport_failure(what, count.error()));
    if (*count == 0) break;
    const Status fed = reader.feed(std::string_view(piece.data(), *count), counted);
    if (fed) continue;
    if (too_large) {
      co_return fail(FailureKind::too_large,
                     fmt::format("{}: it has more than {} bytes", what, limit));
    }
    co_return fail(refused ? FailureKind::local_io : FailureKind::broken,
                   fmt::format("{}: {}", what, fed.error().message));
  }
  const Status whole = reader.finish();
  if (!whole)
    co_return fail(FailureKind::broken, fmt::format("{}: {}", what, whole.error().message));
  co_return bytes;
}

}  // namespace genesis::launch::e2b
