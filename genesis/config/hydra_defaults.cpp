#include "genesis/config/hydra_defaults.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace genesis::config {
namespace {

// The keys, types and values that Hydra 1.3 users know; the texts shown to people are ours.
constexpr std::pair<std::string_view, std::string_view> kConfigs[] = {
    {"hydra/config", R"(defaults:
- output: default
- launcher: basic
- sweeper: basic
- help: default
- hydra_help: default
- hydra_logging: default
- job_logging: default
- callbacks: null
- env: default

mode: null
searchpath: []
run:
  dir: ???
sweep:
  dir: ???
  subdir: ???
hydra_logging: ???
job_logging: ???
sweeper: ???
launcher: ???
callbacks: {}
help:
  app_name: ???
  header: ???
  footer: ???
  template: ???
hydra_help:
  hydra_help: ???
  template: ???
output_subdir: .hydra
overrides:
  hydra: []
  task: []
job:
  name: ???
  chdir: null
  override_dirname: ???
  id: ???
  num: ???
  config_name: ???
  env_set: {}
  env_copy: []
  config:
    override_dirname:
      kv_sep: '='
      item_sep: ','
      exclude_keys: []
runtime:
  version: ???
  version_base: ???
  cwd: ???
  config_sources: ???
  output_dir: ???
  choices: {}
verbose: false
)"},
    {"hydra/output/default", R"(# @package hydra
run:
  dir: outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}
sweep:
  dir: multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}
  subdir: ${hydra.job.num}
)"},
    {"hydra/launcher/basic",
     "_target_: hydra._internal.core_plugins.basic_launcher.BasicLauncher\n"},
    {"hydra/sweeper/basic", R"(_target_: hydra._internal.core_plugins.basic_sweeper.BasicSweeper
max_batch_size: null
params: null
)"},
    {"hydra/help/default", R"(app_name: ${hydra.job.name}
header: ${hydra.help.app_name}
footer: ''
template: $CONFIG
)"},
    {"hydra/hydra_help/default", "template: $FLAGS_HELP\n"},
    {"hydra/hydra_logging/default", R"(version: 1
formatters:
  simple:
    format: '[%(asctime)s][HYDRA] %(message)s'
handlers:
  console:
    class: logging.StreamHandler
    formatter: simple
    stream: ext://sys.stdout
root:
  level: INFO
  handlers: [console]
disable_existing_loggers: false
)"},
    {"hydra/hydra_logging/disabled",
     "version: 1\nroot:\n  level: ERROR\ndisable_existing_loggers: true\n"},
    {"hydra/hydra_logging/none", "version: 1\nroot: null\ndisable_existing_loggers: false\n"},
    {"hydra/job_logging/default", R"(version: 1
formatters:
  simple:
    format: '[%(asctime)s][%(name)s][%(levelname)s] - %(message)s'
handlers:
  console:
    class: logging.StreamHandler
    formatter: simple
    stream: ext://sys.stdout
  file:
    class: logging.FileHandler
    formatter: simple
    filename: ${hydra.runtime.output_dir}/${hydra.job.name}.log
root:
  level: INFO
  handlers: [console, file]
disable_existing_loggers: false
)"},
    {"hydra/job_logging/disabled",
     "version: 1\nroot:\n  level: ERROR\ndisable_existing_loggers: true\n"},
    {"hydra/job_logging/none", "version: 1\nroot: null\ndisable_existing_loggers: false\n"},
    {"hydra/job_logging/stdout", R"(version: 1
formatters:
  simple:
    format: '%(message)s'
handlers:
  console:
    class: logging.StreamHandler
    formatter: simple
    stream: ext://sys.stdout
root:
  level: INFO
  handlers: [console]
disable_existing_loggers: false
)"},
    {"hydra/env/default", ""},
};

constexpr std::string_view kClosed[] = {"",       "run",        "sweep",
                                        "help",   "hydra_help", "overrides",
                                        "job",    "job.config", "job.config.override_dirname",
                                        "runtime"};

constexpr std::pair<std::string_view, LeafType> kTypes[] = {
    {"mode", LeafType::optional_mode},
    {"run.dir", LeafType::text},
    {"sweep.dir", LeafType::text},
    {"sweep.subdir", LeafType::text},
    {"help.app_name", LeafType::text},
    {"help.header", LeafType::text},
    {"help.footer", LeafType::text},
    {"help.template", LeafType::text},
    {"hydra_help.hydra_help", LeafType::text},
    {"hydra_help.template", LeafType::text},
    {"output_subdir", LeafType::optional_text},
    {"job.name", LeafType::text},
    {"job.chdir", LeafType::optional_bool},
    {"job.override_dirname", LeafType::text},
    {"job.id", LeafType::text},
    {"job.num", LeafType::integer},
    {"job.config_name", LeafType::optional_text},
    {"job.config.override_dirname.kv_sep", LeafType::text},
    {"job.config.override_dirname.item_sep", LeafType::text},
    {"runtime.version", LeafType::text},
    {"runtime.version_base", LeafType::text},
    {"runtime.cwd", LeafType::text},
    {"runtime.output_dir", LeafType::text},
};

Node* find_path(Node& node, std::string_view path) {
  Node* found = &node;
  while (found != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    found = found->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return found;
}

}  // namespace

std::optional<std::string_view> builtin_config(std::string_view config_path) {
  for (const auto& [path, text] : kConfigs) {
    if (path == config_path) return text;
  }
  return std::nullopt;
}

std::vector<std::string> builtin_options(std::string_view group) {
  std::vector<std::string> options;
  for (const auto& [path, text] : kConfigs) {
    const std::size_t slash = path.rfind('/');
    if (path.substr(0, slash) == group) options.emplace_back(path.substr(slash + 1));
  }
  return options;
}

bool is_basic_sweeper(const Node& sweeper) {
  const Node* target = sweeper.is_map() ? sweeper.find("_target_") : nullptr;
  return target != nullptr && target->text() != nullptr &&
         *target->text() == "hydra._internal.core_plugins.basic_sweeper.BasicSweeper";
}

void apply_hydra_types(Node& hydra) {
  for (const std::string_view path : kClosed) {
    if (Node* map = find_path(hydra, path)) map->closed = true;
  }
  for (const auto& [path, type] : kTypes) {
    if (Node* leaf = find_path(hydra, path)) leaf->type = type;
  }
  Node* sweeper = hydra.find("sweeper");
  if (sweeper == nullptr || !is_basic_sweeper(*sweeper)) return;
  sweeper->closed = true;
  if (Node* size = sweeper->find("max_batch_size")) size->type = LeafType::optional_integer;
}

}  // namespace genesis::config
