#include "genesis/config/composer.h"

#include <algorithm>
#include <cstdlib>

#include "genesis/base/text.h"
#include "genesis/config/defaults_list.h"
#include "genesis/config/hydra_defaults.h"
#include "genesis/config/override.h"
#include "genesis/config/reject.h"
#include "genesis/config/tree.h"

namespace genesis::config {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ConfigError(Reject::composition, message);
}

Origin argument_origin(const Override& override) {
  return {std::make_shared<const std::string>(override.input), 0};
}

class Composer {
 public:
  explicit Composer(const ComposeRequest& request)
      : request_(request),
        repository_(request.config_dirs),
        resolver_(nullptr, request.now_unix_millis) {}

  DefaultsPlan plan() {
    prepare();
    DefaultsPlan plan;
    plan.defaults = create_defaults_list(repository_, request_.config_name, overrides_);
    plan.search_path = repository_.folders();
    return plan;
  }

  ComposedTree run() {
    prepare();
    refuse_sweeps();
    const bool sweeping = request_.sweep_arguments != SweepArguments::refused;
    const DefaultsList list =
        create_defaults_list(repository_, request_.config_name, overrides_,
                             sweeping ? UnchosenGroups::left_out : UnchosenGroups::refused);
    merge_files(list);
    for (const Override& override : list.config_overrides) apply(override);
    ComposedTree result;
    result.choices = list.choices;
    for (const Override& override : overrides_) {
      (override.is_hydra() ? result.hydra_overrides : result.task_overrides)
          .push_back(override.input);
    }
    fill_hydra(list);
    check_sweeper_params();
    result.tree = std::move(tree_);
    return result;
  }

 private:
  void prepare() {
    if (request_.config_dirs.empty()) fail("no configuration folder is given");
    for (const std::string& text : request_.overrides) overrides_.push_back(parse_override(text));
    extend_search_path();
  }

  void refuse_sweeps() const {
    for (const Override& override : overrides_) {
      if (request_.sweep_arguments == SweepArguments::refused) refuse_sweep(override);
      if (request_.sweep_arguments == SweepArguments::left_out) refuse_hydra_sweep(override);
    }
  }

  /// `hydra.searchpath` in the primary configuration or on the command line.
  void extend_search_path() {
    const LoadedConfig* primary = repository_.load(request_.config_name);
    if (primary != nullptr && !primary->body->is_map()) {
      fail("the primary configuration '" + request_.config_name + "' must be a map");
    }
    NodePtr given;
    for (const Override& override : overrides_) {
      if (override.key_element(true) != "hydra.searchpath") continue;
      given = make_node(override.value, argument_origin(override));
      break;
    }
    const std::string provider =
        given ? "hydra.searchpath in command-line" : "hydra.searchpath in main";
    const Node* path = given.get();
    if (path == nullptr && primary != nullptr) {
      path = select_value(*primary->body, "hydra.searchpath", resolver_);
    }
    if (path == nullptr || path->is_null()) return;
    if (!path->is_list()) fail("hydra.searchpath must be a list of texts");
    for (const NodePtr& item : path->items()) {
      if (item->text() == nullptr) fail("hydra.searchpath must be a list of texts");
      static constexpr std::string_view kScheme = "file://";
      const std::string& text = *item->text();
      if (text.rfind(kScheme, 0) == 0) {
        repository_.add_folder({provider, text.substr(kScheme.size())});
      } else if (text.find("://") == std::string::npos) {
        repository_.add_folder({provider, text});
      } else {
        fail(item->origin.text() + ": hydra.searchpath: only file:// is supported, not '" + text +
             "'");
      }
    }
  }

  void merge_files(const DefaultsList& list) {
    tree_ = Node::make_map();
    for (const ResultDefault& item : list.items) {
      const LoadedConfig* loaded = repository_.load(item.config_path);
      NodePtr body = loaded->body->clone();
      if (!item.package.empty()) {
        NodePtr outer = Node::make_map(body->origin);
        place(*outer, item.package, std::move(body));
        body = std::move(outer);
      }
      const bool own = item.config_path == "hydra/config";
      if (!item.primary && !own && body->is_map() &&
          select_value(*body, "hydra.searchpath", resolver_) != nullptr) {
        fail("in '" + item.config_path +
             "': hydra.searchpath can only be set in the primary configuration");
      }
      merge_into(*tree_, *body, NewKeys::allowed, resolver_);
      if (own) apply_hydra_types(*tree_->find("hydra"));
    }
  }

  void apply(const Override& override) {
    if (override.package) {
      const std::vector<std::string> groups = repository_.groups();
      fail("argument '" + override.input + "': there is no config group '" + override.key + "'" +
           did_you_mean(override.key, groups));
    }
    if (override.action == OverrideAction::remove) {
      remove(override);
      return;
    }
    NodePtr value = make_node(override.value, argument_origin(override));
    if (override.action == OverrideAction::add && !value->is_container()) {
      const Node* existing = select_value(*tree_, override.key, resolver_);
      if (existing != nullptr) {
        fail("argument '" + override.input + "': '" + override.key +
             "' is there already; leave out the '+', or write '+" + override.input + "'");
      }
    }
    const bool change = override.action == OverrideAction::change;
    update(*tree_, override.key, std::move(value), change ? NewKeys::refused : NewKeys::allowed,
           resolver_);
  }

  void remove(const Override& override) {
    const Node* existing = select_value(*tree_, override.key, resolver_);
    const std::string where = "argument '" + override.input + "': ";
    if (existing == nullptr) fail(where + "there is no '" + override.key + "' to remove");
    const bool null = override.value.kind == OverrideValue::Kind::scalar &&
                      std::holds_alternative<Null>(override.value.scalar);
    if (override.has_value && !null) {
      const NodePtr value = make_node(override.value, argument_origin(override));
      if (!python_equal(*value, *existing)) {
        fail(where + "the value of '" + override.key + "' is " + python_str(*existing));
      }
    }
    const std::size_t dot = override.key.rfind('.');
    Node* container = tree_.get();
    if (dot != std::string::npos) {
      container =
          const_cast<Node*>(resolver_.find(*tree_, std::string_view(override.key).substr(0, dot)));
    }
    const std::string last = override.key.substr(dot == std::string::npos ? 0 : dot + 1);
    if (container == nullptr || !container->is_map() || container->closed ||
        !container->erase(last)) {
      fail(where + "'" + override.key + "' cannot be removed");
    }
  }

  void set_hydra(std::string_view key, NodePtr value) {
    update(*tree_->find("hydra"), key, std::move(value), NewKeys::allowed, resolver_);
  }

  void fill_hydra(const DefaultsList& list) {
    Node* hydra = tree_->find("hydra");
    if (hydra == nullptr || !hydra->is_map()) fail("the 'hydra' node is not there any more");
    for (const Override& override : overrides_) {
      const std::string_view kind = override.is_hydra() ? "overrides.hydra" : "overrides.task";
      Node* target = const_cast<Node*>(resolver_.find(*hydra, kind));
      if (target == nullptr || !target->is_list()) fail("hydra.overrides must hold lists");
      target->append(Node::make_scalar(override.input));
    }
    NodePtr choices = Node::make_map();
    for (const auto& [key, option] : list.choices) choices->set(key, Node::make_scalar(option));
    set_hydra("runtime.choices", std::move(choices));
    copy_environment(*hydra);
    set_hydra("runtime.version", Node::make_scalar(std::string("1.3.8")));
    set_hydra("runtime.version_base", Node::make_scalar(std::string("1.3")));
    set_hydra("runtime.cwd", Node::make_scalar(fs::current_path().string()));
    set_hydra("runtime.config_sources", config_sources());
    const Node* name = resolver_.find(*hydra, "job.name");
    const bool named = name != nullptr && !name->is_missing();
    if (!named) set_hydra("job.name", Node::make_scalar(std::string("genesis_launch")));
    set_hydra("job.override_dirname", Node::make_scalar(override_dirname(*hydra)));
    set_hydra("job.config_name", Node::make_scalar(request_.config_name));
    for (const auto& [key, value] : request_.hydra_values) {
      if (key != "job.name" || !named) set_hydra(key, Node::make_scalar(value));
    }
  }

  /// The values that the basic sweeper goes through are texts, whatever the YAML made of them.
  void check_sweeper_params() {
    Node* sweeper = tree_->find("hydra")->find("sweeper");
    if (sweeper == nullptr || !is_basic_sweeper(*sweeper)) return;
    Node* params = sweeper->find("params");
    if (params == nullptr || params->is_null() || params->is_interpolation()) return;
    if (!params->is_map()) fail("hydra.sweeper.params must be a map of texts");
    for (const Node::Entry& entry : params->entries()) {
      Node& value = *entry.value;
      if (!value.is_scalar() || value.is_null()) {
        fail("hydra.sweeper.params." + python_str(entry.key) + " must be a text");
      }
      if (value.text() == nullptr) value.set_scalar(python_str(value.scalar()), value.origin);
    }
  }

  void copy_environment(Node& hydra) {
    const Node* names = resolver_.find(hydra, "job.env_copy");
    if (names == nullptr || !names->is_list()) return;
    for (const NodePtr& name : names->items()) {
      const std::string text = python_str(*name);
      const char* value = std::getenv(text.c_str());
      if (value == nullptr) fail("hydra.job.env_copy: '" + text + "' is not set");
      Node* env_set = const_cast<Node*>(resolver_.find(hydra, "job.env_set"));
      if (env_set == nullptr || !env_set->is_map()) fail("hydra.job.env_set must be a map");
      env_set->set(text, Node::make_scalar(std::string(value)));
    }
  }

  NodePtr config_sources() const {
    NodePtr sources = Node::make_list();
    for (const auto& [provider, folder] : repository_.folders()) {
      NodePtr source = Node::make_map();
      source->set(std::string("path"),
                  Node::make_scalar(fs::absolute(folder).lexically_normal().string()));
      source->set(std::string("schema"), Node::make_scalar(std::string("file")));
      source->set(std::string("provider"), Node::make_scalar(provider));
      sources->append(std::move(source));
    }
    return sources;
  }

  std::string override_dirname(const Node& hydra) {
    const auto text = [&](std::string_view key) {
      const Node* node = resolver_.find(hydra, key);
      return node == nullptr ? std::string() : python_str(*node);
    };
    const Node* excluded = resolver_.find(hydra, "job.config.override_dirname.exclude_keys");
    std::vector<std::string> lines;
    for (const Override& override : overrides_) {
      if (override.is_hydra()) continue;
      const bool skip = excluded != nullptr && excluded->is_list() &&
                        std::any_of(excluded->items().begin(), excluded->items().end(),
                                    [&override](const NodePtr& key) {
                                      return key->text() != nullptr && *key->text() == override.key;
                                    });
      if (!skip) lines.push_back(override.input);
    }
    std::sort(lines.begin(), lines.end());
    const std::string separator = text("job.config.override_dirname.kv_sep");
    std::string result;
    for (const char c : join(lines, text("job.config.override_dirname.item_sep"))) {
      result += c == '=' ? separator : std::string(1, c);
    }
    return result;
  }

  const ComposeRequest& request_;
  ConfigRepository repository_;
  Resolver resolver_;
  std::vector<Override> overrides_;
  NodePtr tree_;
};

}  // namespace

DefaultsPlan plan_defaults(const ComposeRequest& request) {
  return Composer(request).plan();
}

ComposedTree compose_tree(const ComposeRequest& request) {
  try {
    return Composer(request).run();
  } catch (const ConfigError& error) {
    // While composing, Hydra reports an interpolation that fails as a composition error.
    if (!is_interpolation_error(error.reject())) throw;
    throw ConfigError(Reject::composition, error.what());
  }
}

}  // namespace genesis::config
