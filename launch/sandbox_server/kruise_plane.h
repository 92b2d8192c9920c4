#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "launch/sandbox_server/control_plane.h"

namespace genesis::sandbox_server {

/// OpenKruise's sandbox-manager below /kruise/api: the same sandboxes under its bounds, codes and
/// messages, which differ from E2B's. On the loop's thread.
class KruisePlane {
 public:
  KruisePlane(const ServerConfig& config, SandboxFleet& fleet) : config_(config), fleet_(fleet) {}

  /// `request_id`: the caller's X-Request-ID, or one of ours; in every error.
  boost::asio::awaitable<Reply> answer(ApiCall call, std::string request_id);

 private:
  boost::asio::awaitable<Reply> dispatch(ApiCall call, std::string request_id);
  boost::asio::awaitable<Reply> create(ApiCall call, std::string request_id);
  boost::asio::awaitable<Reply> remove(ApiCall call, std::string id, std::string request_id);
  Reply act(const ApiCall& call, const std::string& id, const std::string& action,
            const std::string& request_id);
  Reply list(const ApiCall& call, const std::string& request_id);
  Reply look(const ApiCall& call, const std::string& request_id);
  Reply error(int status, std::string message, const std::string& request_id) const;
  Reply error(const Refusal& refusal, const std::string& request_id) const;
  nlohmann::json sandbox(const SandboxRecord& record) const;

  const ServerConfig& config_;
  SandboxFleet& fleet_;
};

}  // namespace genesis::sandbox_server
