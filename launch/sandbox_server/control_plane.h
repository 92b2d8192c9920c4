#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "launch/sandbox_server/api_reply.h"
#include "launch/sandbox_server/list_query.h"
#include "launch/sandbox_server/sandbox_fleet.h"
#include "launch/sandbox_server/server_config.h"

namespace genesis::sandbox_server {

/// One request to the control plane, read whole.
struct ApiCall {
  std::string method;
  Target target;
  std::string body;
  std::string idempotency_key;
  const TeamConfig* team = nullptr;  ///< Whose key it carries; null: nobody's.

  ApiCall() = default;  // Crosses awaits: not an aggregate (g++ 12).
};

/// E2B's control plane over the fleet, both generations of it. On the loop's thread.
class ControlPlane {
 public:
  ControlPlane(const ServerConfig& config, SandboxFleet& fleet)
      : config_(config), fleet_(fleet), since_ms_(fleet.clock().unix_millis()) {}

  boost::asio::awaitable<Reply> answer(ApiCall call);

 private:
  using Handler = boost::asio::awaitable<Reply> (ControlPlane::*)(ApiCall, std::string id);
  struct Route {
    const char* method;
    const char* path;  ///< "*" is one segment: the id.
    Handler handler;
    bool open = false;  ///< Needs no key.
  };
  static const std::vector<Route>& routes();
  static bool matches(const char* path, const Target& target, std::string& id);

  boost::asio::awaitable<Reply> create_v1(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> create_v2(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> create(ApiCall call, bool v2);
  boost::asio::awaitable<Reply> list_v1(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> list_v2(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> info(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> kill(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> connect_v1(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> connect_v2(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> resume(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> pause(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> set_timeout(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> refresh(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> network(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> metrics(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> batch_metrics(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> logs_v1(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> logs_v2(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> templates(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> template_info(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> template_alias(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> template_tags(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> template_delete(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> snapshots(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> not_built(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> no_snapshot(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> health(ApiCall call, std::string id);
  boost::asio::awaitable<Reply> prometheus(ApiCall call, std::string id);

  Reply connect(const ApiCall& call, const std::string& id, int otherwise, int least);
  Answer<std::vector<LogEntry>> log_of(const ApiCall& call, const std::string& id);
  std::vector<const SandboxRecord*> sandboxes_of(const TeamConfig& team) const;

  const ServerConfig& config_;
  SandboxFleet& fleet_;
  std::int64_t since_ms_;
};

}  // namespace genesis::sandbox_server
