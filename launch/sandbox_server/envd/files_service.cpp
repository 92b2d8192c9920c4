#include "launch/sandbox_server/envd/files_service.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "genesis/base/gzip_stream.h"
#include "launch/sandbox_server/envd/download.h"
#include "launch/sandbox_server/envd/on_workers.h"
#include "launch/sandbox_server/envd/paths.h"
#include "launch/sandbox_server/envd/rpc_call.h"
#include "launch/sandbox_server/envd/upload.h"

namespace genesis::envd {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kSniffed = 512;

std::optional<std::int64_t> expiration_of(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A file opened for a download.
struct Opened {
  Fd file;
  struct stat info {};
  std::string first_bytes;
};

tl::expected<Opened, UploadError> open_download(const std::string& path) {
  Opened opened;
  opened.file = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!opened.file || ::fstat(opened.file.get(), &opened.info) != 0) {
    return tl::unexpected<UploadError>(upload_errno("read", path, errno));
  }
  if (S_ISDIR(opened.info.st_mode)) {
    return tl::unexpected<UploadError>(UploadError(400, "read '" + path + "': it is a folder"));
  }
  if (!S_ISREG(opened.info.st_mode)) {
    return tl::unexpected<UploadError>(
        UploadError(400, "read '" + path + "': it is no regular file"));
  }
  opened.first_bytes.resize(kSniffed);
  const ssize_t got =
      ::pread(opened.file.get(), opened.first_bytes.data(), opened.first_bytes.size(), 0);
  opened.first_bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return opened;
}

/// Files of /proc say that they are empty: read to the end, in chunks. gzip likewise.
asio::awaitable<void> send_in_pieces(net::HttpExchange& exchange, net::HttpReplyHead head, int fd,
                                     bool gzip) {
  Status sent = co_await exchange.begin_reply(std::move(head));
  GzipWriter packer;
  std::string piece(kPiece, '\0');
  std::uint64_t offset = 0;
  while (sent) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got < 0) co_return;  // Torn on purpose: the client must not take it for the whole.
    offset += static_cast<std::uint64_t>(got);
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    if (gzip) {
      const std::string packed = packer.pack(bytes, got == 0);
      if (!packed.empty()) sent = co_await exchange.write(packed);
    } else if (got > 0) {
      sent = co_await exchange.write(bytes);
    }
    if (got == 0) break;
  }
  if (sent) co_await exchange.end_reply();
}

/// The reply's head for a file, and which bytes of it; absent range: all, in pieces.
struct Plan {
  net::HttpReplyHead head;
  std::optional<ByteRange> range;
  bool gzip = false;
};

Plan plan_download(const net::HttpRequestHead& request, const std::string& path,
                   const Opened& opened) {
  Plan plan;
  const auto size = static_cast<std::uint64_t>(opened.info.st_size);
  auto& headers = plan.head.headers;
  headers.emplace_back("Vary", "Accept-Encoding");
  const std::string* range = request.find("Range");
  const std::string* since = request.find("If-Modified-Since");
  const Coding coding =
      choose_coding(request.find("Accept-Encoding"), range != nullptr || since != nullptr);
  headers.emplace_back("Last-Modified", http_date(opened.info.st_mtime));
  if (coding == Coding::none_acceptable) {
    plan.head.status = 406;
    return plan;
  }
  const auto wanted = since == nullptr ? std::nullopt : parse_http_date(*since);
  if (wanted && opened.info.st_mtime <= *wanted) {
    plan.head.status = 304;
    return plan;
  }
  headers.emplace_back("Content-Type", content_type(path, opened.first_bytes));
  headers.emplace_back("Content-Disposition", content_disposition(base_name(path)));
  const bool size_is_a_lie = size == 0 && !opened.first_bytes.empty();
  if (coding == Coding::gzip && (size > 0 || size_is_a_lie)) {
    headers.emplace_back("Content-Encoding", "gzip");
    plan.gzip = true;
    return plan;
  }
  if (size_is_a_lie) return plan;
  headers.emplace_back("Accept-Ranges", "bytes");
  plan.range = ByteRange{0, size};
  const RangeChoice choice = range == nullptr ? RangeChoice() : choose_range(*range, size);
  if (choice.kind == RangeKind::unsatisfiable) {
    plan.head.status = 416;
    headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
  } else if (choice.kind == RangeKind::part) {
    plan.head.status = 206;
    plan.range = choice.range;
    headers.emplace_back("Content-Range",
                         "bytes " + std::to_string(choice.range.offset) + "-" +
                             std::to_string(choice.range.offset + choice.range.length - 1) + "/" +
                             std::to_string(size));
  }
  plan.head.content_length = plan.range->length;
  return plan;
}

}  // namespace

std::string FilesService::refusal(const net::HttpRequestHead& head, const Target& target,
                                  sandbox_wire::FileAccess access) const {
  const std::string& token = context_.state.access_token;
  if (token.empty()) return {};
  if (const std::string* given = head.find("X-Access-Token")) {
    return sandbox_wire::equal_secrets(*given, token) ? ""
                                                      : "the access token is not this sandbox's";
  }
  const auto signature = target.find("signature");
  if (!signature) return "neither an access token nor a signature";
  const auto expiration_text = target.find("signature_expiration");
  std::optional<std::int64_t> expiration;
  if (expiration_text) {
    expiration = expiration_of(*expiration_text);
    if (!expiration) return "the signature's expiration is no number";
  }
  const std::string expected =
      sandbox_wire::file_signature(target.find("path").value_or(""), access,
                                   target.find("username").value_or(""), token, expiration);
  if (!sandbox_wire::equal_secrets(*signature, expected)) return "invalid signature";
  if (expiration && *expiration < ::time(nullptr)) return "signature is already expired";
  return {};
}

tl::expected<Actor, UploadError> FilesService::admit(const net::HttpRequestHead& head,
                                                     const Target& target,
                                                     sandbox_wire::FileAccess access) const {
  std::string refused = refusal(head, target, access);
  if (!refused.empty()) return tl::unexpected<UploadError>(UploadError(401, std::move(refused)));
  auto actor = actor_named(context_, target.find("username"));
  if (!actor) return tl::unexpected<UploadError>(UploadError(401, actor.error().message));
  return std::move(*actor);
}

asio::awaitable<void> FilesService::download(net::HttpExchange& exchange, Target target) {
  const auto actor = admit(exchange.request(), target, sandbox_wire::FileAccess::read);
  if (!actor) {
    co_await reply_error(exchange, actor.error().status, actor.error().message);
    co_return;
  }
  const auto path = path_for(context_, *actor, target.find("path").value_or(""));
  if (!path) {
    co_await reply_error(exchange, 400, path.error().message);
    co_return;
  }
  const auto opened = open_download(*path);
  if (!opened) {
    co_await reply_error(exchange, opened.error().status, opened.error().message);
    co_return;
  }
  Plan plan = plan_download(exchange.request(), *path, *opened);
  const int status = plan.head.status;
  if (status == 406) {
    co_await reply_error(exchange, 406, "only identity and gzip are served");
    co_return;
  }
  if (status == 304 || status == 416) {
    co_await reply_empty(exchange, status, std::move(plan.head.headers));
    co_return;
  }
  if (!plan.range) {
    co_await send_in_pieces(exchange, std::move(plan.head), opened->file.get(), plan.gzip);
    co_return;
  }
  Status sent = co_await exchange.begin_reply(std::move(plan.head));
  if (sent && plan.range->length > 0) {
    sent = co_await exchange.send_file(opened->file.get(), plan.range->offset, plan.range->length);
  }
  if (sent) co_await exchange.end_reply();
}

namespace {

/// Takes a request's body, unpacked where it is packed, and hands it on piece by piece.
asio::awaitable<UploadStatus> read_upload(net::HttpExchange& exchange, bool packed,
                                          std::function<UploadStatus(std::string_view)> sink) {
  std::optional<GzipReader> unpacker;
  if (packed) unpacker.emplace();
  UploadStatus stopped;
  const std::function<Status(std::string_view)> unpacked_sink =
      [&stopped, &sink](std::string_view bytes) -> Status {
    stopped = sink(bytes);
    return stopped ? Status() : make_error(ErrorKind::io, stopped.error().message);
  };
  std::string piece(kPiece, '\0');
  for (;;) {
    const Result<std::size_t> got = co_await exchange.read_body(piece.data(), piece.size());
    if (!got) co_return tl::unexpected<UploadError>(UploadError(400, got.error().message));
    const std::string_view bytes(piece.data(), *got);
    if (!packed) {
      if (bytes.empty()) co_return UploadStatus();
      stopped = sink(bytes);
    } else {
      const Status unpacked =
          bytes.empty() ? unpacker->finish() : unpacker->feed(bytes, unpacked_sink);
      if (!unpacked && stopped)
        stopped = tl::unexpected<UploadError>(UploadError(400, unpacked.error().message));
    }
    if (!stopped || bytes.empty()) co_return stopped;
  }
}

}  // namespace

asio::awaitable<void> FilesService::upload(net::HttpExchange& exchange, Target target) {
  const net::HttpRequestHead& request = exchange.request();
  const auto actor = admit(request, target, sandbox_wire::FileAccess::write);
  if (!actor) {
    co_await reply_error(exchange, actor.error().status, actor.error().message);
    co_return;
  }
  const auto metadata = metadata_of_headers(request.headers);
  if (!metadata) {
    co_await reply_error(exchange, 400, metadata.error().message);
    co_return;
  }
  const std::string* coding = request.find("Content-Encoding");
  const bool packed = coding != nullptr && *coding == "gzip";
  if (coding != nullptr && !packed && *coding != "identity") {
    std::string message = "the Content-Encoding '" + *coding + "' is not served; gzip is";
    co_await reply_error(exchange, 400, std::move(message));
    co_return;
  }
  const std::string* type = request.find("Content-Type");
  const std::string content_type = type == nullptr ? std::string() : *type;
  const auto path = target.find("path");
  const auto boundary = multipart_boundary(content_type);
  UploadStatus status;
  std::vector<WrittenFile> written;
  if (boundary) {
    const MultipartUpload::Locate locate = [this, &actor, &path](const std::string& name) {
      return path_for(context_, *actor, path ? *path : name);
    };
    MultipartUpload parts(*boundary, locate, actor->owner, *metadata);
    std::function<UploadStatus(std::string_view)> sink = [&parts](std::string_view bytes) {
      return parts.feed(bytes);
    };
    status = co_await read_upload(exchange, packed, std::move(sink));
    if (status) {
      auto finished = parts.finish();
      if (finished) {
        written = std::move(*finished);
      } else {
        status = tl::unexpected<UploadError>(finished.error());
      }
    }
  } else if (content_type.starts_with("application/octet-stream") && path) {
    FileWriter writer;
    const auto resolved = path_for(context_, *actor, *path);
    if (resolved) {
      status = writer.open(*resolved, actor->owner, *metadata);
    } else {
      status = tl::unexpected<UploadError>(upload_error(resolved.error()));
    }
    std::function<UploadStatus(std::string_view)> sink = [&writer](std::string_view bytes) {
      return writer.write(bytes);
    };
    if (status) status = co_await read_upload(exchange, packed, std::move(sink));
    if (status) written.push_back(writer.finish());
  } else {
    const char* why = path ? "the Content-Type must be multipart/form-data (with a boundary) or "
                             "application/octet-stream"
                           : "an upload that is no multipart/form-data needs the query 'path'";
    status = tl::unexpected<UploadError>(UploadError(400, why));
  }
  if (!status) {
    // The rest of the body is not read: the client may still be sending a gigabyte.
    exchange.close_after();
    co_await reply_error(exchange, status.error().status, status.error().message);
    co_return;
  }
  std::string reply = written_reply(written);
  co_await reply_json(exchange, 200, std::move(reply));
}

asio::awaitable<void> FilesService::compose(net::HttpExchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(kMaxMessage);
  auto request = body ? parse_compose_request(*body)
                      : rpc_error(RpcCode::invalid_argument, body.error().message);
  const auto actor =
      actor_named(context_, request ? std::optional<std::string>(request->user) : std::nullopt);
  if (!request || !actor) {
    const UploadError error = upload_error(!request ? request.error() : actor.error());
    co_await reply_error(exchange, error.status, error.message);
    co_return;
  }
  std::vector<std::string> sources;
  RpcStatus status;
  for (const std::string& source : request->sources) {
    auto path = path_for(context_, *actor, source);
    if (!path) status = tl::unexpected<RpcError>(path.error());
    if (path) sources.push_back(std::move(*path));
  }
  const auto destination = path_for(context_, *actor, request->destination);
  if (request->destination.empty() || !destination) {
    status = rpc_error(RpcCode::invalid_argument, "the field 'destination' is missing");
  }
  if (status) {
    const auto work = [sources, to = *destination, owner = actor->owner] {
      return compose_files(sources, to, owner);
    };
    status = co_await on_workers(context_.workers, work);
  }
  if (!status) {
    const UploadError error = upload_error(status.error());
    co_await reply_error(exchange, error.status, error.message);
    co_return;
  }
  WrittenFile written;
  written.path = *destination;
  std::string reply = written_reply_one(written);
  co_await reply_json(exchange, 200, std::move(reply));
}

}  // namespace genesis::envd
