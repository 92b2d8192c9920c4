#include "genesis/config/config_info.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "genesis/config/composer.h"
#include "genesis/config/reject.h"

namespace genesis::config {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Rows of cells under a head, as wide as the widest cell of each column.
template <std::size_t N>
class Table {
 public:
  using Row = std::array<std::string, N>;
  explicit Table(Row head) { add(std::move(head)); }

  void add(Row row) {
    for (std::size_t i = 0; i < N; ++i) widths_[i] = std::max(widths_[i], width_of(row[i]));
    rows_.push_back(std::move(row));
  }

  /// `head_end` stands behind the head: Hydra has a blank there in one of its tables.
  std::string text(const std::string& head_end) const {
    const std::string head = line(rows_[0]) + head_end;
    const std::string rule = std::string(width_of(head), '-') + "\n";
    std::string out = head + "\n" + rule;
    for (std::size_t i = 1; i < rows_.size(); ++i) out += line(rows_[i]) + "\n";
    return out + rule;
  }

 private:
  std::string line(const Row& row) const {
    std::string out = "|";
    for (std::size_t i = 0; i < N; ++i) {
      out += " " + row[i] + std::string(widths_[i] - width_of(row[i]), ' ') + " |";
    }
    return out;
  }

  std::array<std::size_t, N> widths_{};
  std::vector<Row> rows_;
};

std::string search_path_text(const DefaultsPlan& plan) {
  Table<2> table({"Provider", "Search path"});
  table.add({"hydra", "builtin://hydra.conf"});
  for (const auto& [provider, folder] : plan.search_path) {
    table.add({provider, "file://" + fs::absolute(folder).lexically_normal().string()});
  }
  return "\n" + info_headline("Config search path", '*') + table.text("");
}

void append_tree(const DefaultsTree& node, std::size_t depth, std::string& out) {
  out += std::string(2 * depth, ' ') + node.label + (node.children.empty() ? "\n" : ":\n");
  for (const DefaultsTree& child : node.children) append_tree(child, depth + 1, out);
}

std::string defaults_tree_text(const DefaultsPlan& plan) {
  std::string out = "\n" + info_headline("Defaults Tree", '*');
  append_tree(plan.defaults.tree, 0, out);
  return out;
}

std::string defaults_text(const DefaultsPlan& plan) {
  Table<4> table({"Config path", "Package", "_self_", "Parent"});
  for (const ResultDefault& item : plan.defaults.items) {
    table.add({item.config_path, item.package, item.is_self ? "True" : "False", item.parent});
  }
  return "\n" + info_headline("Defaults List", '*') + table.text(" ");
}

}  // namespace

std::string info_headline(std::string_view text, char filler) {
  return std::string(text) + "\n" + std::string(width_of(text), filler) + "\n";
}

std::string config_info_or_throw(const ComposeRequest& request, InfoKind kind) {
  const DefaultsPlan plan = plan_defaults(request);
  switch (kind) {
    case InfoKind::searchpath:
      return search_path_text(plan);
    case InfoKind::defaults_tree:
      return defaults_tree_text(plan);
    case InfoKind::defaults:
      return defaults_text(plan);
    case InfoKind::config:
      break;
  }
  const Composition composed = compose_or_throw(request);
  const auto yaml = composed.yaml(ConfigPart::job, false);
  if (!yaml) throw ConfigError(Reject::composition, yaml.error().message);
  return search_path_text(plan) + defaults_tree_text(plan) + defaults_text(plan) +
         info_headline("Config", '*') + *yaml + "\n";
}

Result<std::string> config_info(const ComposeRequest& request, InfoKind kind) {
  try {
    return config_info_or_throw(request, kind);
  } catch (const ConfigError& error) {
    return tl::unexpected<Error>(error.to_error());
  }
}

}  // namespace genesis::config
