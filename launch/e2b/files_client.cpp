#include "launch/e2b/files_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "genesis/base/fd.h"
#include "genesis/base/gzip_stream.h"
#include "launch/e2b/gzip_transfer.h"
#include "launch/e2b/json_reading.h"
#include "launch/e2b/wire_failure.h"

#include <nlohmann/json.hpp>

namespace genesis::launch::e2b {
namespace {

constexpr std::size_t kMostError = 64u << 10;
constexpr const char* kBoundary = "genesis-8b1f0c52d4a94e7f";

/// A word that stands in none of them: what separates parts must not be in one.
std::string boundary_between(const std::vector<FileText>& files) {
  for (int number = 0;; ++number) {
    std::string word = fmt::format("{}-{}", kBoundary, number);
    const auto has_it = [&](const FileText& file) {
      return file.content.find(word) != std::string::npos;
    };
    if (std::none_of(files.begin(), files.end(), has_it)) return word;
  }
}

std::string files_target(const std::string& path, const std::string& user) {
  std::string target = "/files?path=" + percent_encoded(path);
  if (!user.empty()) target += "&username=" + percent_encoded(user);
  return target;
}

/// A name in a multipart head, as browsers write it.
std::string quoted(const std::string& name) {
  std::string text;
  for (const char letter : name) {
    if (letter == '"') {
      text += "%22";
    } else if (letter == '\r') {
      text += "%0D";
    } else if (letter == '\n') {
      text += "%0A";
    } else {
      text += letter;
    }
  }
  return text;
}

/// Servers disagree on how the others are written in the head of a part.
bool fits_a_part_head(const FileText& file) {
  return std::none_of(file.path.begin(), file.path.end(), [](char letter) {
    return letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < ' ';
  });
}

/// What comes before a file's bytes.
std::string part_head(const std::string& boundary, const std::string& path) {
  return fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n",
      boundary, quoted(path));
}

Failure local_failure(const char* doing, const std::filesystem::path& path, int number) {
  return Failure(FailureKind::local_io,
                 fmt::format("{} '{}': {}", doing, path.string(), std::strerror(number)));
}

/// A file that gets its name when it is whole.
class PartialFile {
 public:
  explicit PartialFile(std::filesystem::path final_name) : final_(std::move(final_name)) {
    static std::atomic<std::uint64_t> count{0};
    partial_ = final_;
    partial_ += fmt::format(".part-{}-{}", ::getpid(), count.fetch_add(1));
  }
  ~PartialFile() {
    if (!made_) return;
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::optional<Failure> open() {
    fd_ = Fd(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!fd_) return local_failure("create", partial_, errno);
    made_ = true;
    return std::nullopt;
  }
  std::optional<Failure> keep() {
    fd_.reset();
    std::error_code failure;
    std::filesystem::rename(partial_, final_, failure);
    if (failure) return local_failure("rename to", final_, failure.value());
    made_ = false;
    return std::nullopt;
  }
  Status append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("write", partial_.string(), errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }
  int fd() const { return fd_.get(); }

 private:
  std::filesystem::path final_;
  std::filesystem::path partial_;
  Fd fd_;
  bool made_ = false;
};

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) ||
           std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_packed(const net::HttpAnswerHead& head) {
  const std::string* const coding = head.find("Content-Encoding");
  return coding != nullptr && *coding == "gzip";
}

}  // namespace

Outcome<net::HttpCall> FilesClient::upload_call(const SandboxHandle& sandbox,
                                                const std::string& path, FileOptions& options,
                                                const std::string& what, std::string& before,
                                                std::string& after) const {
  net::HttpCall call =
      calls_.call("POST", sandbox, files_target(path, acting_user(sandbox, options.user)));
  if (!options.metadata.empty() && !agent_is_at_least(sandbox, 0, 6, 2)) {
    return fail(FailureKind::refused,
                what + ": its agent is too old to keep metadata with files (0.6.2)");
  }
  for (const auto& [key, value] : options.metadata) {
    if (!is_token(key) || !is_printable(value)) {
      return fail(FailureKind::refused,
                  fmt::format("{}: metadata '{}': keys are letters, digits and "
                              "!#$%&'*+-.^_`|~, values printable ASCII",
                              what, key));
    }
    call.headers.emplace_back("X-Metadata-" + key, value);
  }
  if (agent_is_at_least(sandbox, 0, 5, 7)) {
    call.headers.emplace_back("Content-Type", "application/octet-stream");
    if (options.gzip) call.headers.emplace_back("Content-Encoding", "gzip");
    return call;
  }
  options.gzip = false;
  call.headers.emplace_back("Content-Type",
                            fmt::format("multipart/form-data; boundary={}", kBoundary));
  before = part_head(kBoundary, path);
  after = fmt::format("\r\n--{}--\r\n", kBoundary);
  return call;
}

Awaitable<Outcome<void>> FilesClient::send(net::HttpCall call, SandboxHandle sandbox,
                                           std::string what) {
  auto body = co_await calls_.rest(std::move(call), std::move(sandbox), what);
  if (!body) co_return tl::unexpected<Failure>(body.error());
  const auto written = parse_array(*body);
  if (!written || written->empty()) {
    co_return fail(FailureKind::broken, what + ": the agent does not say what it wrote");
  }
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> FilesClient::write(SandboxHandle sandbox, std::string path,
                                            std::string content, FileOptions options) {
  std::string what = fmt::format("write '{}' in sandbox {}", path, sandbox.id);
  std::string before;
  std::string after;
  auto call = upload_call(sandbox, path, options, what, before, after);
  if (!call) co_return tl::unexpected<Failure>(call.error());
  if (options.gzip) content = GzipWriter().pack(content, true);
  call->body = before.empty() ? std::move(content) : before + content + after;
  co_return co_await send(std::move(*call), std::move(sandbox), std::move(what));
}

Awaitable<Outcome<void>> FilesClient::write_all(SandboxHandle sandbox, std::vector<FileText> files,
                                                FileOptions options) {
  const auto others = std::partition(files.begin(), files.end(), fits_a_part_head);
  for (auto file = others; file != files.end(); ++file) {
    Outcome<void> written =
        co_await write(sandbox, std::move(file->path), std::move(file->content), options);
    if (!written) co_return written;
  }
  files.erase(others, files.end());
  if (files.empty()) co_return Outcome<void>();
  std::string what = fmt::format("write {} files in sandbox {}", files.size(), sandbox.id);
  std::string target = "/files";
  const std::string user = acting_user(sandbox, options.user);
  if (!user.empty()) target += "?username=" + percent_encoded(user);
  net::HttpCall call = calls_.call("POST", sandbox, target);
  const std::string boundary = boundary_between(files);
  call.headers.emplace_back("Content-Type",
                            fmt::format("multipart/form-data; boundary={}", boundary));
  std::size_t size = 100;
  for (const FileText& file : files) size += 200 + file.path.size() + file.content.size();
  call.body.reserve(size);
  for (const FileText& file : files) {
    call.body += part_head(boundary, file.path);
    call.body += file.content;
    call.body += "\r\n";
  }
  call.body += fmt::format("--{}--\r\n", boundary);
  files = {};  // Hundreds may wait for their answers.
  co_return co_await send(std::move(call), std::move(sandbox), std::move(what));
}

Awaitable<Outcome<void>> FilesClient::upload(SandboxHandle sandbox, std::string path,
                                             std::filesystem::path from, FileOptions options) {
  std::string what = fmt::format("upload to '{}' in sandbox {}", path, sandbox.id);
  Fd file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    co_return tl::unexpected<Failure>(local_failure("open", from, errno));
  }
  if (!S_ISREG(status.st_mode)) {
    co_return fail(FailureKind::local_io,
                   fmt::format("upload '{}': it is not a regular file", from.string()));
  }
  std::string before;
  std::string after;
  auto call = upload_call(sandbox, path, options, what, before, after);
  if (!call) co_return tl::unexpected<Failure>(call.error());
  call->body = std::move(before);
  call->after_file = std::move(after);
  if (options.gzip) {
    auto packed = co_await packed_file(file.get(), what);
    if (!packed) co_return tl::unexpected<Failure>(packed.error());
    file = std::move(*packed);
    if (::fstat(file.get(), &status) != 0) {
      co_return tl::unexpected<Failure>(local_failure("pack", from, errno));
    }
  }
  net::FilePart part;
  part.fd = file.get();
  part.length = static_cast<std::uint64_t>(status.st_size);
  call->file = part;
  call->file_idle = calls_.limits().transfer_silence;
  co_return co_await send(std::move(*call), std::move(sandbox), std::move(what));
}

Awaitable<Outcome<net::HttpAnswer>> FilesClient::open(SandboxHandle sandbox, std::string path,
                                                      FileOptions options, std::string what) {
  net::HttpCall call =
      calls_.call("GET", sandbox, files_target(path, acting_user(sandbox, options.user)));
  call.headers.emplace_back("Accept-Encoding", options.gzip ? "gzip" : "identity");
  auto answer = co_await calls_.send(std::move(call), std::move(sandbox), what);
  if (!answer || answer->status() / 100 == 2) co_return answer;
  const auto body = co_await answer->whole(kMostError);
  const std::string text = body ? body->text : std::string();
  co_return tl::unexpected<Failure>(agent_failure(what, answer->head(), text));
}

Awaitable<Outcome<std::uint64_t>> FilesClient::unpack(net::HttpAnswer answer, SandboxHandle sandbox,
                                                      std::uint64_t limit,
                                                      std::function<Status(std::string_view)> sink,
                                                      std::string what) {
  auto got = co_await unpacked_answer(answer, limit, calls_.limits().transfer_silence,
                                      std::move(sink), what);
  if (got || got.error().kind != FailureKind::unavailable) co_return got;
  Failure failure = got.error();
  failure.kind = FailureKind::broken;
  failure = co_await calls_.explained(std::move(sandbox), failure);
  co_return tl::unexpected<Failure>(failure);
}

Awaitable<Outcome<std::string>> FilesClient::read(SandboxHandle sandbox, std::string path,
                                                  std::size_t limit, FileOptions options) {
  std::string what = fmt::format("read '{}' in sandbox {}", path, sandbox.id);
  auto answer = co_await open(sandbox, std::move(path), std::move(options), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  if (is_packed(answer->head())) {
    std::string text;
    const auto append = [&text](std::string_view bytes) -> Status {
      text += bytes;
      return {};
    };
    auto read = co_await unpack(std::move(*answer), std::move(sandbox), limit, append, what);
    if (!read) co_return tl::unexpected<Failure>(read.error());
    co_return text;
  }
  auto body = co_await answer->whole(limit);
  if (!body) {
    Failure failure = transport_failure(what, body.error());
    if (failure.kind == FailureKind::unavailable) {
      failure.kind = FailureKind::broken;
      failure = co_await calls_.explained(std::move(sandbox), failure);
    }
    co_return tl::unexpected<Failure>(failure);
  }
  if (body->truncated) {
    co_return fail(FailureKind::too_large,
                   fmt::format("{}: it has more than {} bytes", what, limit));
  }
  co_return std::move(body->text);
}

Awaitable<Outcome<std::uint64_t>> FilesClient::download(SandboxHandle sandbox, std::string path,
                                                        std::filesystem::path to,
                                                        std::uint64_t limit, FileOptions options) {
  std::string what = fmt::format("download '{}' of sandbox {}", path, sandbox.id);
  auto answer = co_await open(sandbox, std::move(path), std::move(options), what);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  const bool packed = is_packed(answer->head());
  const auto length = answer->head().content_length;
  const std::string too_large = fmt::format("{}: it has more than {} bytes", what, limit);
  if (!packed && length && *length > limit) co_return fail(FailureKind::too_large, too_large);
  PartialFile file(to);
  if (auto failed = file.open()) co_return tl::unexpected<Failure>(*failed);
  if (packed) {
    const auto write = [&file](std::string_view bytes) { return file.append(bytes); };
    auto got = co_await unpack(std::move(*answer), std::move(sandbox), limit, write, what);
    if (!got) co_return got;
    if (auto failed = file.keep()) co_return tl::unexpected<Failure>(*failed);
    co_return *got;
  }
  auto stored = co_await answer->to_file(file.fd(), limit, calls_.limits().transfer_silence);
  if (!stored) {
    Failure failure = transport_failure(what, stored.error());
    if (failure.kind == FailureKind::unavailable) {
      failure.kind = FailureKind::broken;
      failure = co_await calls_.explained(std::move(sandbox), failure);
    }
    co_return tl::unexpected<Failure>(failure);
  }
  if (stored->truncated) co_return fail(FailureKind::too_large, too_large);
  if (auto failed = file.keep()) co_return tl::unexpected<Failure>(*failed);
  co_return stored->bytes;
}

}  // namespace genesis::launch::e2b
