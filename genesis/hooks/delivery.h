#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace genesis::hooks {

/// How one delivery ended.
struct DeliveryResult {
  bool delivered = false;
  bool worth_retrying = true;  ///< Of a failure: another try may do better.
  std::string detail;          ///< "exit status 3", "HTTP status 503", "no answer within 10.0 s".
  std::string output;          ///< What the command wrote, or the answer's beginning.
};

/// One delivery on its way. I/O thread. The handler it was started with is called once, from the
/// loop; destruction cancels it.
class Delivery {
 public:
  virtual ~Delivery() = default;
  /// Ends it at once: the handler is called soon, with a failure.
  virtual void cancel() = 0;
};

using DeliveryHandler = std::function<void(DeliveryResult)>;

}  // namespace genesis::hooks
