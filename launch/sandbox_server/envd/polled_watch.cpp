#include "launch/sandbox_server/envd/polled_watch.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>

namespace genesis::envd {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostKept = 100'000;

}  // namespace

PolledWatch::PolledWatch(asio::io_context& io, std::unique_ptr<FolderWatch> watch,
                         AccountFiles& accounts)
    : io_(io), watch_(std::move(watch)), accounts_(accounts), readable_(io, ::dup(watch_->fd())) {}

void PolledWatch::begin(std::function<void()> told) {
  told_ = std::move(told);
  const auto self = shared_from_this();
  asio::co_spawn(io_, read_on(), [self](std::exception_ptr) {});
}

void PolledWatch::close() {
  boost::system::error_code ignored;
  readable_.close(ignored);
  told_ = [] {};
}

asio::awaitable<void> PolledWatch::read_on() {
  for (;;) {
    const auto [failure] = co_await readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                         asio::as_tuple(asio::use_awaitable));
    if (failure) co_return;
    auto changes = watch_->read(*accounts_.now());
    told_();
    if (!changes) {
      lost_ = std::move(changes.error());
      continue;
    }
    if (changes_.size() + changes->size() > kMostKept) {
      lost_ = RpcError(RpcCode::resource_exhausted,
                       "more than 100000 changes waited to be fetched; some are lost");
      continue;
    }
    changes_.insert(changes_.end(), std::make_move_iterator(changes->begin()),
                    std::make_move_iterator(changes->end()));
  }
}

RpcResult<std::vector<FileChange>> PolledWatch::take() {
  if (lost_) {
    RpcError error = std::move(*lost_);
    lost_.reset();
    return tl::unexpected<RpcError>(std::move(error));
  }
  // What the kernel holds and the loop has not come to yet.
  auto late = watch_->read(*accounts_.now());
  std::vector<FileChange> taken = std::move(changes_);
  changes_.clear();
  if (late) {
    taken.insert(taken.end(), std::make_move_iterator(late->begin()),
                 std::make_move_iterator(late->end()));
  }
  return taken;
}

}  // namespace genesis::envd
