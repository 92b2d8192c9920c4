#include "launch/e2b/tar_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace genesis::launch::e2b {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;

void put_octal(char* field, std::size_t width, std::uint64_t value) {
  const std::string text = fmt::format("{:0{}o}", value, width - 1);
  std::memcpy(field, text.data(), width - 1);
}

/// 8 GB and more do not fit eleven octal digits: GNU's base 256.
void put_size(char* field, std::uint64_t size) {
  if (size < (std::uint64_t{1} << 33)) return put_octal(field, 12, size);
  field[0] = static_cast<char>(0x80);
  for (int i = 0; i < 8; ++i) field[11 - i] = static_cast<char>(size >> (8 * i));
}

}  // namespace

Result<TarFile> TarFile::create(const std::filesystem::path& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return errno_error("create", path.string(), errno);
  return TarFile(std::move(file));
}

Status TarFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write", "an archive", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status TarFile::pad(std::uint64_t size) {
  static const std::array<char, kBlock> zeros{};
  const std::size_t rest = (kBlock - size % kBlock) % kBlock;
  return write(std::string_view(zeros.data(), rest));
}

Status TarFile::header(const std::string& name, std::uint64_t size, unsigned mode, char type) {
  if (name.size() > kNameBytes && type != 'L') {
    GENESIS_TRY(header("././@LongLink", name.size() + 1, 0644, 'L'));
    GENESIS_TRY(write(std::string_view(name.c_str(), name.size() + 1)));
    GENESIS_TRY(pad(name.size() + 1));
  }
  std::array<char, kBlock> block{};
  std::memcpy(block.data(), name.data(), std::min(name.size(), kNameBytes));
  put_octal(&block[100], 8, mode & 0777);
  put_octal(&block[108], 8, 0);
  put_octal(&block[116], 8, 0);
  put_size(&block[124], size);
  constexpr std::uint64_t kTime = 1'577'836'800;  // 2020: nobody warns of implausible times.
  put_octal(&block[136], 12, kTime);
  std::memset(&block[148], ' ', 8);
  block[156] = type;
  std::memcpy(&block[257],
              "ustar\0"
              "00",
              8);
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  put_octal(&block[148], 7, sum);
  block[154] = '\0';
  return write(std::string_view(block.data(), block.size()));
}

Status TarFile::add(const std::string& name, std::string_view content, unsigned mode) {
  GENESIS_TRY(header(name, content.size(), mode, '0'));
  GENESIS_TRY(write(content));
  return pad(content.size());
}

Status TarFile::add_file(const std::string& name, const std::filesystem::path& from) {
  const Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return errno_error("read", from.string(), errno);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return errno_error("look at", from.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("send '{}': it is not a regular file", from.string()));
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  GENESIS_TRY(header(name, size, (info.st_mode & 0777) | 0600, '0'));
  std::vector<char> piece(std::size_t{1} << 18);
  std::uint64_t copied = 0;
  while (copied < size) {
    const std::size_t want = std::min<std::uint64_t>(piece.size(), size - copied);
    const ssize_t count = ::read(source.get(), piece.data(), want);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", from.string(), errno);
    if (count == 0) {
      return make_error(ErrorKind::io,
                        fmt::format("read '{}': it became shorter meanwhile", from.string()));
    }
    GENESIS_TRY(write(std::string_view(piece.data(), static_cast<std::size_t>(count))));
    copied += static_cast<std::uint64_t>(count);
  }
  return pad(size);
}

Status TarFile::add_folder(const std::string& name, unsigned mode) {
  return header(name + "/", 0, mode, '5');
}

Status TarFile::finish() {
  const std::string end(2 * kBlock, '\0');
  return write(end);
}

}  // namespace genesis::launch::e2b
