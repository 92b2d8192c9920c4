#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis {

/// Unpacks a gzip stream piece by piece; members may follow each other. One thread.
class GzipReader {
 public:
  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Hands what `bytes` unpack to to `sink`, in pieces of at most 64 KiB. Errors: `parse` (no
  /// gzip), whatever the sink says.
  Status feed(std::string_view bytes, const std::function<Status(std::string_view)>& sink);
  /// Errors (`parse`): the stream is torn.
  Status finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Packs piece by piece, fast rather than small. One thread.
class GzipWriter {
 public:
  GzipWriter();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  /// What there is to be sent after `bytes`; `last` ends the stream.
  std::string pack(std::string_view bytes, bool last);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis
