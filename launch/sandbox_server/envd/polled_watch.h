#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "launch/sandbox_server/envd/folder_watch.h"

namespace genesis::envd {

/// A watch whose events are fetched by a client when it likes. Read in the background, so that the
/// kernel's queue does not run over; keeps at most 100,000 events. I/O thread only.
class PolledWatch : public std::enable_shared_from_this<PolledWatch> {
 public:
  PolledWatch(boost::asio::io_context& io, std::unique_ptr<FolderWatch> watch,
              AccountFiles& accounts);
  /// `told` is called when there is something to take.
  void begin(std::function<void()> told);
  /// Ends the reading.
  void close();
  /// What has come since the last call. Error `resource_exhausted`, once: events were lost.
  RpcResult<std::vector<FileChange>> take();

 private:
  boost::asio::awaitable<void> read_on();

  boost::asio::io_context& io_;
  std::unique_ptr<FolderWatch> watch_;
  AccountFiles& accounts_;
  boost::asio::posix::stream_descriptor readable_;
  std::vector<FileChange> changes_;
  std::optional<RpcError> lost_;
  std::function<void()> told_;
};

}  // namespace genesis::envd
