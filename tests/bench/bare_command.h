#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/bench/bare_http.h"

namespace genesis::bench {

/// process.Process/Start as the SDKs send it, its answer read envelope by envelope. Throws
/// std::runtime_error where the server or the command fails.
class BareCommand {
 public:
  /// Sends it and reads the answer's head. `routing`: the headers that say whose sandbox.
  BareCommand(BareHttp& http, Headers routing, const std::string& text);

  /// Reads until there is output.
  void wait_for_output();
  /// Reads to the end of the stream; the command must have succeeded.
  void wait_for_end();

 private:
  /// The next envelope's message; false: it is the one that ends the stream.
  bool next();
  void fill(std::size_t size);

  BareHttp& http_;
  std::string bytes_;
  nlohmann::json message_;
};

}  // namespace genesis::bench
