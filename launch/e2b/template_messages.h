#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/e2b/control_messages.h"

/// What templates are built from, and the messages about it, as a client writes and reads them.
/// Pure; any thread. Readers answer `parse` when what is needed is not there, and ignore what they
/// do not know.
namespace genesis::launch::e2b {

/// A template to be built: its name and size. Absent: as the provider has it.
struct NewTemplate {
  std::string name;  ///< "name", "team/name", "name:tag".
  std::vector<std::string> tags;
  std::optional<int> cpus;
  std::optional<int> memory_mb;
  std::optional<int> free_disk_mb;

  NewTemplate() = default;  // Crosses awaits: not an aggregate (g++ 12), like those below.
};

/// One step of a build.
struct TemplateStep {
  std::string type;  ///< COPY, RUN, ENV, WORKDIR, USER
  std::vector<std::string> args;
  bool force = false;         ///< This and all that follow: not from the provider's cache.
  bool force_upload = false;  ///< Of COPY: uploaded even where the provider has it.
  std::string files_hash;     ///< Of COPY: set by the build.

  TemplateStep() = default;
  TemplateStep(std::string what, std::vector<std::string> words)
      : type(std::move(what)), args(std::move(words)) {}
};

/// What a template is made from. Exactly one of `from_image` and `from_template`.
struct TemplateRecipe {
  std::string from_image = "e2bdev/base";
  std::string from_template;
  std::vector<TemplateStep> steps;
  std::string start_command;  ///< Runs in each sandbox from its beginning.
  std::string ready_command;  ///< Ends with 0 when that is ready.
  bool force = false;         ///< Nothing from the provider's cache.

  TemplateRecipe() = default;

  /// `source`: relative to the folder that the build is given; a file or a folder. `mode`: octal,
  /// "0755"; empty: as it is.
  TemplateRecipe& copy(std::string source, std::string target, std::string user = {},
                       std::string mode = {});
  /// By the shell of the template. `user` empty: the one of the step before.
  TemplateRecipe& run(std::string command, std::string user = {});
  /// Packages of PyPI, for all users.
  TemplateRecipe& pip_install(const std::vector<std::string>& packages);
  TemplateRecipe& environment(const std::vector<std::pair<std::string, std::string>>& variables);
  TemplateRecipe& work_folder(std::string path);
  TemplateRecipe& user(std::string name);
};

/// A build that was asked for.
struct TemplateBuild {
  std::string template_id;
  std::string build_id;
  std::vector<std::string> names;

  TemplateBuild() = default;
};

/// Where a COPY's files go.
struct UploadPlace {
  bool present = false;  ///< The provider has them.
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;

  UploadPlace() = default;
};

enum class BuildState { waiting, building, ready, failed };

struct BuildStatus {
  BuildState state = BuildState::waiting;
  std::vector<LogLine> log;  ///< From the offset that was asked for.
  std::string reason;        ///< Of `failed`.
  std::string failed_step;   ///< "base", "3", "finalize"; empty: not told.

  BuildStatus() = default;
};

struct TemplateTag {
  std::string tag;
  std::string build_id;

  TemplateTag() = default;
};

std::string template_message(const NewTemplate& what);
std::string build_message(const TemplateRecipe& recipe);
std::string assign_tags_message(const std::string& target, const std::vector<std::string>& tags);
std::string remove_tags_message(const std::string& name, const std::vector<std::string>& tags);

Result<TemplateBuild> parse_template_build(std::string_view body);
Result<UploadPlace> parse_upload_place(std::string_view body);
Result<BuildStatus> parse_build_status(std::string_view body);
Result<std::vector<TemplateTag>> parse_tags(std::string_view body);

}  // namespace genesis::launch::e2b
