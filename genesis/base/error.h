#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace genesis {

/// What went wrong, as far as a caller may want to behave differently. Few on purpose.
enum class ErrorKind {
  invalid_argument,  ///< The caller or the user gave something unusable; trying again will not
                     ///< help.
  not_found,
  already_exists,
  conflict,  ///< Somebody else holds it: a lock, a fencing number, a different configuration.
  parse,     ///< Bytes that others wrote are not what they should be.
  io,        ///< The operating system said no.
  timeout,
  cancelled,
  unavailable,  ///< A service cannot be used now; trying again later may help.
  unsupported,
  internal,  ///< A defect of ours.
};

std::string_view to_string(ErrorKind kind);

/// An error value: kind plus a message that says operation, object, cause and what to do.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  /// The same error with what was being done in front: "context: message".
  Error with_context(std::string_view context) &&;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> make_error(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

/// An error from errno: "operation 'object': cause".
tl::unexpected<Error> errno_error(std::string_view operation, std::string_view object,
                                  int error_number);

/// The exception form, for what a caller above the system edge cannot handle; caught once, in main.
class GenesisError : public std::runtime_error {
 public:
  explicit GenesisError(Error error)
      : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

/// Unwraps a Result at the border between values and exceptions.
template <typename T>
T value_or_throw(Result<T>&& result) {
  if (!result) throw GenesisError(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace genesis

/// Returns the error of a Result expression from the enclosing function, or goes on.
#define GENESIS_TRY(expression)                                                       \
  do {                                                                                \
    if (auto genesis_try_result = (expression); !genesis_try_result)                  \
      return tl::unexpected<::genesis::Error>(std::move(genesis_try_result.error())); \
  } while (false)

#define GENESIS_TRY_CONCAT_(a, b) a##b
#define GENESIS_TRY_CONCAT(a, b) GENESIS_TRY_CONCAT_(a, b)
/// `GENESIS_TRY_ASSIGN(auto x, f());` declares or assigns the value, or returns the error.
#define GENESIS_TRY_ASSIGN(target, expression)                          \
  auto GENESIS_TRY_CONCAT(genesis_try_, __LINE__) = (expression);       \
  if (!GENESIS_TRY_CONCAT(genesis_try_, __LINE__))                      \
    return tl::unexpected<::genesis::Error>(                            \
        std::move(GENESIS_TRY_CONCAT(genesis_try_, __LINE__).error())); \
  target = std::move(*GENESIS_TRY_CONCAT(genesis_try_, __LINE__))
