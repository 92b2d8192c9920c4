#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/fd.h"
#include "launch/sandbox_server/envd/file_metadata.h"
#include "launch/sandbox_server/envd/file_operations.h"
#include "launch/sandbox_server/envd/filesystem_messages.h"
#include "launch/sandbox_server/envd/multipart.h"

namespace genesis::envd {

/// What stops an upload, in the terms of HTTP.
struct UploadError {
  int status = 500;
  std::string message;

  UploadError() = default;  // Crosses awaits: not an aggregate (g++ 12).
  UploadError(int code, std::string text) : status(code), message(std::move(text)) {}
};
using UploadStatus = tl::expected<void, UploadError>;

/// One file being written: opened at once, so that what cannot be written is said before the body.
/// Blocking; one thread at a time.
class FileWriter {
 public:
  UploadStatus open(const std::string& path, const Owner& owner, const Metadata& metadata);
  UploadStatus write(std::string_view bytes);
  bool is_open() const { return static_cast<bool>(file_); }
  WrittenFile finish();

 private:
  Fd file_;
  WrittenFile written_;
};

/// Writes the parts of a multipart body to files as they come. Blocking; one thread at a time.
class MultipartUpload {
 public:
  /// Where a part's file goes, by its name in full.
  using Locate = std::function<RpcResult<std::string>(const std::string& file_name)>;

  MultipartUpload(std::string_view boundary, Locate locate, Owner owner, Metadata metadata);
  UploadStatus feed(std::string_view bytes);
  /// The body has ended. Errors: 400 when it ends in the middle.
  tl::expected<std::vector<WrittenFile>, UploadError> finish();

 private:
  UploadStatus begin_part(const PartHead& part);

  MultipartReader reader_;
  Locate locate_;
  Owner owner_;
  Metadata metadata_;
  FileWriter writer_;
  std::set<std::string> targets_;
  std::vector<WrittenFile> written_;
};

/// 507 for a full disk, 404, 400, 403 …
UploadError upload_error(const RpcError& error);
UploadError upload_errno(std::string_view operation, std::string_view path, int error_number);

}  // namespace genesis::envd
