#include "launch/sandbox_server/envd/agent_context.h"

#include "launch/sandbox_server/envd/paths.h"

namespace genesis::envd {

RpcResult<Actor> actor_named(AgentContext& context, const std::optional<std::string>& name) {
  const std::string& wanted = name && !name->empty() ? *name : context.state.default_user;
  Actor actor;
  actor.accounts = context.accounts.now();
  const Account* account = actor.accounts->find(wanted);
  if (account == nullptr && context.unlisted && context.unlisted->name == wanted) {
    account = &*context.unlisted;
  }
  if (account == nullptr) {
    return rpc_error(RpcCode::unauthenticated,
                     "error looking up user '" + wanted + "': there is no such user");
  }
  actor.account = *account;
  if (context.one_identity) return actor;
  actor.owner.uid = account->uid;
  actor.owner.gid = account->gid;
  actor.identity.uid = account->uid;
  actor.identity.gid = account->gid;
  actor.identity.groups = actor.accounts->groups_of(*account);
  return actor;
}

RpcResult<Actor> actor_of(AgentContext& context, const net::HttpRequestHead& head) {
  const std::string* authorization = head.find("Authorization");
  return actor_named(context, authorization == nullptr ? std::nullopt : basic_user(*authorization));
}

RpcResult<std::string> path_for(const AgentContext& context, const Actor& actor,
                                std::string_view path) {
  auto resolved = resolve_path(path, actor.account.home, context.state.default_folder);
  if (!resolved) return rpc_error(RpcCode::invalid_argument, resolved.error().message);
  return std::move(*resolved);
}

}  // namespace genesis::envd
