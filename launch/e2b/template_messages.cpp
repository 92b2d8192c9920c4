#include "launch/e2b/template_messages.h"

#include <nlohmann/json.hpp>

#include "launch/e2b/json_reading.h"

namespace genesis::launch::e2b {

using nlohmann::json;

namespace {

json json_of(const TemplateStep& step) {
  json object;
  object["type"] = step.type;
  object["args"] = step.args;
  object["force"] = step.force;
  if (!step.files_hash.empty()) object["filesHash"] = step.files_hash;
  return object;
}

/// One word for a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\"'\"'" : std::string(1, letter);
  return text + "'";
}

std::vector<std::string> texts(const json& object, const char* name) {
  std::vector<std::string> found;
  const auto list = object.find(name);
  if (list == object.end() || !list->is_array()) return found;
  for (const json& item : *list) {
    if (item.is_string()) found.push_back(item.get<std::string>());
  }
  return found;
}

}  // namespace

TemplateRecipe& TemplateRecipe::copy(std::string source, std::string target, std::string owner,
                                     std::string mode) {
  steps.push_back(
      {"COPY", {std::move(source), std::move(target), std::move(owner), std::move(mode)}});
  return *this;
}

TemplateRecipe& TemplateRecipe::run(std::string command, std::string who) {
  TemplateStep step("RUN", {std::move(command)});
  if (!who.empty()) step.args.push_back(std::move(who));
  steps.push_back(std::move(step));
  return *this;
}

TemplateRecipe& TemplateRecipe::pip_install(const std::vector<std::string>& packages) {
  std::string command = "pip install";
  for (const std::string& package : packages) command += ' ' + quoted(package);
  return run(std::move(command), "root");
}

TemplateRecipe& TemplateRecipe::environment(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  TemplateStep step("ENV", {});
  for (const auto& [name, value] : variables) {
    step.args.push_back(name);
    step.args.push_back(value);
  }
  steps.push_back(std::move(step));
  return *this;
}

TemplateRecipe& TemplateRecipe::work_folder(std::string path) {
  steps.push_back({"WORKDIR", {std::move(path)}});
  return *this;
}

TemplateRecipe& TemplateRecipe::user(std::string name) {
  steps.push_back({"USER", {std::move(name)}});
  return *this;
}

std::string template_message(const NewTemplate& what) {
  json message;
  message["name"] = what.name;
  if (!what.tags.empty()) message["tags"] = what.tags;
  if (what.cpus) message["cpuCount"] = *what.cpus;
  if (what.memory_mb) message["memoryMB"] = *what.memory_mb;
  if (what.free_disk_mb) message["minFreeDiskMb"] = *what.free_disk_mb;
  return json_text(message);
}

std::string build_message(const TemplateRecipe& recipe) {
  json message;
  message["steps"] = json::array();
  for (const TemplateStep& step : recipe.steps) message["steps"].push_back(json_of(step));
  message["force"] = recipe.force;
  if (recipe.from_template.empty()) {
    message["fromImage"] = recipe.from_image;
  } else {
    message["fromTemplate"] = recipe.from_template;
  }
  if (!recipe.start_command.empty()) message["startCmd"] = recipe.start_command;
  if (!recipe.ready_command.empty()) message["readyCmd"] = recipe.ready_command;
  return json_text(message);
}

std::string assign_tags_message(const std::string& target, const std::vector<std::string>& tags) {
  json message;
  message["target"] = target;
  message["tags"] = tags;
  return json_text(message);
}

std::string remove_tags_message(const std::string& name, const std::vector<std::string>& tags) {
  json message;
  message["name"] = name;
  message["tags"] = tags;
  return json_text(message);
}

Result<TemplateBuild> parse_template_build(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  TemplateBuild build;
  build.template_id = text_member(object, "templateID");
  build.build_id = text_member(object, "buildID");
  build.names = texts(object, "names");
  if (!build.template_id.empty() && !build.build_id.empty()) return build;
  return make_error(ErrorKind::parse, "the answer has no templateID or no buildID");
}

Result<UploadPlace> parse_upload_place(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  UploadPlace place;
  place.present = flag_member(object, "present", false);
  place.url = text_member(object, "url");
  if (const json* const headers = object_member(object, "headers")) {
    for (const auto& [name, value] : headers->items()) {
      if (value.is_string()) place.headers.emplace_back(name, value.get<std::string>());
    }
  }
  return place;
}

Result<BuildStatus> parse_build_status(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json object, parse_object(body));
  const std::string state = text_member(object, "status");
  BuildStatus status;
  if (state == "ready") {
    status.state = BuildState::ready;
  } else if (state == "error") {
    status.state = BuildState::failed;
  } else if (state == "building") {
    status.state = BuildState::building;
  } else if (state != "waiting") {
    return make_error(ErrorKind::parse,
                      "a build in the unknown state '" + state.substr(0, 40) + "'");
  }
  const auto entries = object.find("logEntries");
  if (entries != object.end() && entries->is_array()) {
    for (const json& item : *entries) {
      LogLine line;
      line.at = parse_time(text_member(item, "timestamp")).value_or(line.at);
      line.level = text_member(item, "level");
      line.message = text_member(item, "message");
      status.log.push_back(std::move(line));
    }
  }
  if (const json* const reason = object_member(object, "reason")) {
    status.reason = text_member(*reason, "message");
    status.failed_step = text_member(*reason, "step");
  }
  return status;
}

Result<std::vector<TemplateTag>> parse_tags(std::string_view body) {
  GENESIS_TRY_ASSIGN(const json list, parse_array(body));
  std::vector<TemplateTag> found;
  for (const json& item : list) {
    if (!item.is_object()) continue;
    TemplateTag tag;
    tag.tag = text_member(item, "tag");
    tag.build_id = text_member(item, "buildID");
    found.push_back(std::move(tag));
  }
  return found;
}

}  // namespace genesis::launch::e2b
