#include "genesis/cli/hook_secrets.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "genesis/base/option_reader.h"
#include "genesis/config/node_json.h"
#include "genesis/run/bind_events.h"
#include "genesis/run/evolution_run.h"
#include "genesis/store/run_store.h"

namespace genesis::cli {
namespace {

using nlohmann::json;

const json& member(const json& object, std::string_view key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

bool is_interpolation(const json& written) {
  return written.is_string() &&
         written.get_ref<const std::string&>().find("${") != std::string::npos;
}

/// What was not written out where it is used.
void take_secret(const json& resolved, const json& written, std::set<std::string>& secrets) {
  if (!resolved.is_string() || (written.is_string() && !is_interpolation(written))) return;
  if (resolved.get_ref<const std::string&>().size() >= 4)
    secrets.insert(resolved.get<std::string>());
}

std::set<std::string> hook_secrets(const json& resolved, const json& written) {
  std::set<std::string> secrets;
  const json& hooks = member(resolved, "hooks");
  if (!hooks.is_object()) return secrets;
  for (const auto& [name, hook] : hooks.items()) {
    const json& as_written = member(member(written, "hooks"), name);
    take_secret(member(hook, "url"), member(as_written, "url"), secrets);
    const json& headers = member(hook, "headers");
    if (!headers.is_object()) continue;
    for (const auto& [header, value] : headers.items()) {
      take_secret(value, member(member(as_written, "headers"), header), secrets);
    }
  }
  return secrets;
}

bool holds(const json& value, const std::set<std::string>& secrets) {
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  for (const std::string& secret : secrets) {
    if (text.find(secret) != std::string::npos) return true;
  }
  return false;
}

void keep_as_written(json& value, const json& written, const std::set<std::string>& secrets) {
  if (holds(value, secrets)) {
    value = written.is_null() ? json("[redacted]") : written;
  } else if (value.is_object()) {
    for (auto& [key, child] : value.items()) keep_as_written(child, member(written, key), secrets);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool there = written.is_array() && i < written.size();
      keep_as_written(value[i], there ? written[i] : json(), secrets);
    }
  }
}

}  // namespace

json storable_config(const json& resolved, const json& written) {
  json stored = resolved;
  if (stored.is_object() && stored.contains("hooks")) stored["hooks"] = member(written, "hooks");
  const auto secrets = hook_secrets(resolved, written);
  if (secrets.empty()) return stored;
  for (auto& [key, value] : stored.items()) {
    if (key != "hooks") keep_as_written(value, member(written, key), secrets);
  }
  return stored;
}

std::string without_hook_secrets(std::string text, const json& resolved, const json& written) {
  for (const std::string& secret : hook_secrets(resolved, written)) {
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "[redacted]");
    }
  }
  return text;
}

Result<std::vector<hooks::HookConfig>> load_hooks(const std::filesystem::path& run) {
  GENESIS_TRY_ASSIGN(const std::filesystem::path file, run::store_file_of(run));
  GENESIS_TRY_ASSIGN(const auto reader, store::StoreReader::open(file));
  GENESIS_TRY_ASSIGN(const json hooks,
                     config::resolve_key(reader->meta("config_json").value_or("{}"), "hooks"));
  try {
    return run::bind_hooks(hooks);
  } catch (const OptionException& failure) {
    return make_error(ErrorKind::invalid_argument, failure.what());
  }
}

}  // namespace genesis::cli
