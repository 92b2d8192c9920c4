#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/base/files.h"
#include "genesis/config/reject.h"

namespace genesis::config {

/// What becomes of arguments with several values.
enum class SweepArguments {
  refused,
  left_out,          ///< The sweep's own configuration: one over hydra's own keys is refused.
  left_out_quietly,  ///< The same without that check: to see which mode the configuration asks for.
};

struct ComposeRequest {
  std::string config_name = "config";
  std::vector<fs::path> config_dirs;   ///< The primary folder first, then --config-dir ones.
  std::vector<std::string> overrides;  ///< After the pre-pass of seed_spelling.h.
  /// Values below `hydra` that only the program knows: "job.name", "runtime.cwd", …
  std::map<std::string, std::string> hydra_values;
  std::int64_t now_unix_millis = 0;  ///< What `${now:…}` shows, in local time.
  SweepArguments sweep_arguments = SweepArguments::refused;
};

/// Which part `--cfg` prints.
enum class ConfigPart { job, hydra, all };

struct ComposedTree;

/// A composed configuration: what Hydra would hand to the program, plus where each value comes
/// from. Immutable; any one thread at a time.
class Composition {
 public:
  Composition(Composition&&) noexcept;
  Composition& operator=(Composition&&) noexcept;
  ~Composition();

  /// The job configuration (without `hydra`) with everything resolved, for binding. A value that is
  /// still `???` is that text. An error says which interpolation cannot be resolved; yaml() without
  /// `resolve` shows it as it is written, as Hydra does.
  const Result<nlohmann::json>& resolved() const;
  /// "configs/x.yaml:12" or "argument 'a=1'" for a dotted key ("job_config.time", "list[0]"); for a
  /// key that is not there, where the nearest map above it was written; "" when nothing is known.
  std::string origin(std::string_view key_path) const;
  /// Group → option, null for none: {"task@_global_": "circle_packing", …}.
  const nlohmann::json& choices() const;
  /// The overrides as given, without those of the `hydra` node.
  const std::vector<std::string>& task_overrides() const;
  /// The value of a dotted key of the whole configuration, resolved: hydra_value("hydra.run.dir").
  Result<std::string> text_value(std::string_view key_path) const;

  /// The job configuration as it is written, interpolations as texts: what may be stored where a
  /// resolved value is a secret.
  nlohmann::json written() const;
  /// YAML as Hydra prints it. `package` "" means the whole part. An unknown package is an error.
  /// With `resolve`, what is below the top-level key `as_written` stays as it is written.
  Result<std::string> yaml(ConfigPart part, bool resolve, std::string_view package = "",
                           std::string_view as_written = "") const;
  /// Writes <output_dir>/.hydra/{config,hydra,overrides}.yaml (the folder is
  /// `hydra.output_subdir`).
  Status write_hydra_folder(const fs::path& output_dir) const;

  /// Takes a tree that is complete but for what must be resolved.
  static Composition from_tree(ComposedTree tree, std::int64_t now_unix_millis);

 private:
  struct Data;
  explicit Composition(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

/// Composes as Hydra 1.3 does. The error's message is one line that says where and what.
Result<Composition> compose(const ComposeRequest& request);
/// The same; throws ConfigError, which keeps the class of the rejection.
Composition compose_or_throw(const ComposeRequest& request);

/// Groups and their options for --help: "task: circle_packing, …", in alphabetical order.
std::vector<std::pair<std::string, std::vector<std::string>>> list_groups(
    const std::vector<fs::path>& config_dirs);

}  // namespace genesis::config
