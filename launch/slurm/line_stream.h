#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "genesis/base/fd.h"

namespace genesis::launch::slurm {

/// Lines in and lines out over two descriptors (pipes): what comes is handed on line by line, what
/// is said goes out in as few writes as possible. I/O thread only; nothing is called from inside
/// say() and nothing after close().
class LineStream {
 public:
  struct Handlers {
    std::function<void(std::string_view line)> line;  ///< Without its end.
    /// Once: the input has ended, a line was too long, or nobody reads any more.
    std::function<void(std::string why)> ended;
  };

  LineStream(boost::asio::io_context& io, Fd input, Fd output, std::size_t most_line,
             Handlers handlers);
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  /// `line` has its end.
  void say(std::string line);
  std::size_t unsent() const;  ///< Bytes.
  /// The other side reads the end of its input when all of it has been sent.
  void finish_output();
  /// What has come and is still unread, without waiting. Handlers may be called.
  void drain();
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace genesis::launch::slurm
