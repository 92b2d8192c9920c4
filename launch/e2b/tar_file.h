#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "genesis/base/error.h"
#include "genesis/base/fd.h"

namespace genesis::launch::e2b {

/// Writes a tar archive (ustar, with GNU's long names) to a file of this machine. What goes in
/// decides every byte: times and owners are fixed. Paths are relative, folders come by themselves.
class TarFile {
 public:
  static Result<TarFile> create(const std::filesystem::path& path);

  /// `mode`: permission bits.
  Status add(const std::string& name, std::string_view content, unsigned mode = 0644);
  /// A regular file, streamed, with its own permission bits.
  Status add_file(const std::string& name, const std::filesystem::path& from);
  /// A folder by itself, for its permission bits or because nothing is in it.
  Status add_folder(const std::string& name, unsigned mode);
  /// The two empty blocks at the end.
  Status finish();

 private:
  explicit TarFile(Fd file) : file_(std::move(file)) {}
  Status header(const std::string& name, std::uint64_t size, unsigned mode, char type);
  Status write(std::string_view bytes);
  Status pad(std::uint64_t size);

  Fd file_;
};

}  // namespace genesis::launch::e2b
