#include "genesis/config/node_json.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "genesis/config/interpolation.h"
#include "genesis/config/reject.h"
#include "genesis/config/yaml_load.h"

namespace genesis::config {

nlohmann::json to_json(const Node& node) {
  if (node.is_map()) {
    nlohmann::json object = nlohmann::json::object();
    for (const Node::Entry& entry : node.entries()) {
      object[python_str(entry.key)] = to_json(*entry.value);
    }
    return object;
  }
  if (node.is_list()) {
    nlohmann::json array = nlohmann::json::array();
    for (const NodePtr& item : node.items()) array.push_back(to_json(*item));
    return array;
  }
  const Scalar& value = node.scalar();
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* big = std::get_if<BigInteger>(&value)) {
    return std::strtod(big->digits.c_str(), nullptr);
  }
  return nullptr;
}

Result<nlohmann::json> resolve_key(std::string_view json_text, std::string_view key) {
  try {
    const NodePtr tree = load_yaml(json_text, "the stored configuration");
    const Node* node = tree->find(key);
    if (node == nullptr) return nlohmann::json();
    Resolver resolver(tree.get(), 0);
    return to_json(*resolver.resolve(*node, true));
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

}  // namespace genesis::config
