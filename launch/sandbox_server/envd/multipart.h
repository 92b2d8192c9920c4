#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "genesis/base/error.h"

namespace genesis::envd {

/// What the head of a part says.
struct PartHead {
  std::string name;
  std::string file_name;  ///< In full, with its folders; empty when there is none.
};

/// `boundary=` of a multipart/form-data Content-Type; absent when it is another type or has none.
std::optional<std::string> multipart_boundary(std::string_view content_type);
/// Reads Content-Disposition and passes over the other lines of a part's head.
PartHead parse_part_head(std::string_view head);

/// Takes a multipart body apart as it comes; holds back no more than a boundary's length (or a
/// part's head, at most 16 KiB). One thread.
class MultipartReader {
 public:
  enum class Event { need_more, part, data, part_end, end };
  struct Step {
    Event event = Event::need_more;
    PartHead part;
    std::string data;
  };

  explicit MultipartReader(std::string_view boundary);
  void append(std::string_view bytes) { buffer_.append(bytes); }
  /// What comes next; to be called until it says `need_more` or `end`. Errors (`parse`): what comes
  /// is no multipart body.
  Result<Step> next();
  bool at_end() const { return state_ == State::end; }

 private:
  enum class State { preamble, after_boundary, head, data, end };
  Result<Step> preamble();
  Result<Step> after_boundary();
  Result<Step> head();
  Step data();

  std::string delimiter_;  ///< "\r\n--boundary".
  std::string buffer_;
  State state_ = State::preamble;
  bool at_data_start_ = false;
};

}  // namespace genesis::envd
