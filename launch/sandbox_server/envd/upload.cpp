#include "launch/sandbox_server/envd/upload.h"

#include <unistd.h>

#include <cerrno>

#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

UploadError upload_error(const RpcError& error) {
  // Of what opening a file says, only these are the client's own.
  switch (error.code) {
    case RpcCode::invalid_argument:
    case RpcCode::failed_precondition:
      return UploadError(400, error.message);
    case RpcCode::not_found:
      return UploadError(404, error.message);
    case RpcCode::unauthenticated:
      return UploadError(401, error.message);
    case RpcCode::permission_denied:
      return UploadError(403, error.message);
    case RpcCode::resource_exhausted:
      return UploadError(507, error.message);
    default:
      return UploadError(500, error.message);
  }
}

UploadError upload_errno(std::string_view operation, std::string_view path, int error_number) {
  return upload_error(rpc_errno(operation, path, error_number).value());
}

UploadStatus FileWriter::open(const std::string& path, const Owner& owner,
                              const Metadata& metadata) {
  auto file = open_for_upload(path, owner);
  if (!file) return tl::unexpected<UploadError>(upload_error(file.error()));
  file_ = std::move(*file);
  const Status kept = write_metadata(file_.get(), metadata);
  if (!kept) return tl::unexpected<UploadError>(UploadError(500, kept.error().message));
  written_.path = path;
  written_.metadata = metadata;
  return {};
}

UploadStatus FileWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      return tl::unexpected<UploadError>(upload_errno("write", written_.path, errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

WrittenFile FileWriter::finish() {
  file_.reset();
  return std::move(written_);
}

MultipartUpload::MultipartUpload(std::string_view boundary, Locate locate, Owner owner,
                                 Metadata metadata)
    : reader_(boundary),
      locate_(std::move(locate)),
      owner_(owner),
      metadata_(std::move(metadata)) {}

UploadStatus MultipartUpload::begin_part(const PartHead& part) {
  if (part.name != "file") return {};  // Other parts are passed over.
  auto path = locate_(part.file_name);
  if (!path) return tl::unexpected<UploadError>(upload_error(path.error()));
  if (!targets_.insert(clean_path(*path)).second) {
    return tl::unexpected<UploadError>(
        UploadError(400, "two parts of the upload are for the same file '" + *path + "'"));
  }
  return writer_.open(*path, owner_, metadata_);
}

UploadStatus MultipartUpload::feed(std::string_view bytes) {
  reader_.append(bytes);
  for (;;) {
    auto step = reader_.next();
    if (!step) return tl::unexpected<UploadError>(UploadError(400, step.error().message));
    switch (step->event) {
      case MultipartReader::Event::need_more:
      case MultipartReader::Event::end:
        return {};
      case MultipartReader::Event::part: {
        auto begun = begin_part(step->part);
        if (!begun) return begun;
        break;
      }
      case MultipartReader::Event::data:
        if (writer_.is_open()) {
          auto wrote = writer_.write(step->data);
          if (!wrote) return wrote;
        }
        break;
      case MultipartReader::Event::part_end:
        if (writer_.is_open()) written_.push_back(writer_.finish());
        break;
    }
  }
}

tl::expected<std::vector<WrittenFile>, UploadError> MultipartUpload::finish() {
  if (!reader_.at_end()) {
    return tl::unexpected<UploadError>(UploadError(400, "the multipart body ends in the middle"));
  }
  if (written_.empty()) {
    return tl::unexpected<UploadError>(
        UploadError(400, "the multipart body has no part called 'file'"));
  }
  return std::move(written_);
}

}  // namespace genesis::envd
