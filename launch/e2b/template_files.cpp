#include "launch/e2b/template_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/gzip_stream.h"
#include "launch/e2b/tar_file.h"

namespace genesis::launch::e2b {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPiece = 256u << 10;

/// SHA-256 of what comes piece by piece.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, 32> value{};
    EVP_DigestFinal_ex(context_.get(), value.data(), nullptr);
    std::string text;
    for (const unsigned char byte : value) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// Hands a file's bytes over in pieces.
template <typename Sink>
Status read_pieces(const fs::path& path, const Sink& sink) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("open", path.string(), errno);
  std::vector<char> piece(kPiece);
  while (true) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", path.string(), errno);
    if (count == 0) return {};
    GENESIS_TRY(sink(std::string_view(piece.data(), static_cast<std::size_t>(count))));
  }
}

Result<struct stat> look(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno_error("look at", path.string(), errno);
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return status;
  return make_error(ErrorKind::invalid_argument,
                    fmt::format("copy '{}' into a template: it is a link or a special file; copy "
                                "what it stands for",
                                path.string()));
}

}  // namespace

Result<CopiedFiles> files_to_copy(const fs::path& folder, const std::string& source,
                                  const std::string& target) {
  const fs::path inside = fs::path(source).lexically_normal();
  if (inside.is_absolute() || inside.empty() || *inside.begin() == "..") {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("copy '{}' into a template: name it relative to '{}' and in it",
                                  source, folder.string()));
  }
  const fs::path top = (folder / inside).lexically_normal();
  std::vector<fs::path> found{top};
  GENESIS_TRY_ASSIGN(const struct stat first, look(top));
  if (S_ISDIR(first.st_mode)) {
    std::error_code failure;
    for (fs::recursive_directory_iterator it(top, failure), end; !failure && it != end;
         it.increment(failure)) {
      found.push_back(it->path());
    }
    if (failure) return errno_error("list", top.string(), failure.value());
  }
  // As the official clients have it, so that they and we find each other's files again: whole
  // paths in the order of their bytes; of folders no size.
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  CopiedFiles files;
  Digest digest;
  digest.add("COPY " + source + " " + target);
  for (const fs::path& path : found) {
    GENESIS_TRY_ASSIGN(const struct stat status, look(path));
    files.paths.push_back(path.lexically_relative(folder.lexically_normal()).generic_string());
    digest.add(files.paths.back());
    digest.add(std::to_string(status.st_mode));
    if (S_ISDIR(status.st_mode)) continue;
    digest.add(std::to_string(status.st_size));
    GENESIS_TRY(read_pieces(path, [&](std::string_view bytes) -> Status {
      digest.add(bytes);
      return {};
    }));
  }
  files.hash = digest.hex();
  return files;
}

Status write_copy_archive(const fs::path& folder, const CopiedFiles& files,
                          const fs::path& archive) {
  const fs::path plain = archive.string() + ".tar";
  GENESIS_TRY_ASSIGN(TarFile tar, TarFile::create(plain));
  for (const std::string& path : files.paths) {
    GENESIS_TRY_ASSIGN(const struct stat status, look(folder / path));
    if (S_ISDIR(status.st_mode)) {
      GENESIS_TRY(tar.add_folder(path, status.st_mode));
    } else {
      GENESIS_TRY(tar.add_file(path, folder / path));
    }
  }
  GENESIS_TRY(tar.finish());
  const Fd packed(::open(archive.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!packed) return errno_error("write", archive.string(), errno);
  GzipWriter writer;
  const auto write = [&](std::string_view bytes, bool last) -> Status {
    const std::string out = writer.pack(bytes, last);
    for (std::size_t at = 0; at < out.size();) {
      const ssize_t count = ::write(packed.get(), out.data() + at, out.size() - at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("write", archive.string(), errno);
      at += static_cast<std::size_t>(count);
    }
    return {};
  };
  GENESIS_TRY(read_pieces(plain, [&](std::string_view bytes) { return write(bytes, false); }));
  GENESIS_TRY(write("", true));
  std::error_code ignored;
  fs::remove(plain, ignored);
  return {};
}

}  // namespace genesis::launch::e2b
