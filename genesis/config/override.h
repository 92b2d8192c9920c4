#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/config/node.h"
#include "genesis/config/scalar.h"

namespace genesis::config {

enum class SweepKind { none, simple_choice, choice, glob, range, interval };

/// The value of an override: a scalar, a list, a map, or a sweep (what sweep.h goes through).
struct OverrideValue {
  enum class Kind { scalar, list, map, sweep };
  Kind kind = Kind::scalar;
  Scalar scalar;
  char quote = 0;  ///< What the scalar was written in; 0 for none.
  SweepKind sweep = SweepKind::none;
  bool shuffled = false;     ///< choice, range: by shuffle().
  std::vector<Scalar> keys;  ///< map: its keys
  /// list: its items; map: its values; choice: the alternatives; range: start, stop, step;
  /// interval: start, end; glob: a list of what to include and one of what to exclude.
  std::vector<OverrideValue> items;
};

enum class OverrideAction { change, add, force_add, remove };

/// One command-line argument in Hydra's override grammar.
struct Override {
  OverrideAction action = OverrideAction::change;
  std::string key;                     ///< The dotted key or the group.
  std::optional<std::string> package;  ///< After '@'.
  bool has_value = false;              ///< False only for "~key".
  OverrideValue value;
  std::string input;

  bool is_sweep() const { return value.kind == OverrideValue::Kind::sweep; }
  bool is_hydra() const { return key.rfind("hydra.", 0) == 0 || key.rfind("hydra/", 0) == 0; }
  /// "group@package" or the key, with the sign in front.
  std::string key_element(bool with_sign) const;
};

/// Parses one argument; throws ConfigError (override_syntax) with the argument in the message.
Override parse_override(std::string_view input);
/// Refuses sweeps as Hydra does without --multirun.
void refuse_sweep(const Override& override);
/// Refuses sweeps over Hydra's own configuration, as Hydra does with --multirun.
void refuse_hydra_sweep(const Override& override);
/// The value as a tree whose origin is the argument. Throws when a sweep hides inside a container.
NodePtr make_node(const OverrideValue& value, const Origin& origin);

/// int(), str(), float(), bool(), choice(), range(), interval(), glob(), tag(), sort(), shuffle()
/// of the grammar. Throws ConfigError without the argument's text, which parse_override adds.
struct CallArgument {
  std::string name;  ///< Empty when positional.
  OverrideValue value;
};
OverrideValue call_override_function(const std::string& name, std::vector<CallArgument> arguments);

/// The order that shuffle() gives: it depends on the texts alone.
std::vector<std::size_t> shuffled_order(const std::vector<std::string>& texts);

}  // namespace genesis::config
