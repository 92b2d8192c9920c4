#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "launch/e2b/control_calls.h"
#include "launch/e2b/template_messages.h"

namespace genesis::launch::e2b {

/// Templates: built, named, tagged. On the loop's thread. Not every provider builds: those that do
/// not answer `unavailable` (501) or `not_found`.
class TemplatesClient {
 public:
  explicit TemplatesClient(const ControlCalls& calls) : calls_(calls) {}

  /// All of a build, until it is ready: asked for, COPY's files (below `folder`) uploaded, started,
  /// followed; each line of its log goes to `log`. Takes minutes; cancel it by its coroutine.
  /// Errors: `refused` with the reason and the step that failed.
  Awaitable<Outcome<TemplateBuild>> build(NewTemplate what, TemplateRecipe recipe,
                                          std::filesystem::path folder,
                                          std::function<void(const LogLine&)> log);

  // Its steps.
  Awaitable<Outcome<TemplateBuild>> request_build(NewTemplate what);
  Awaitable<Outcome<UploadPlace>> upload_place(std::string template_id, std::string hash);
  /// To a place that upload_place() told; without the key.
  Awaitable<Outcome<void>> upload(UploadPlace place, std::filesystem::path archive);
  Awaitable<Outcome<void>> start_build(TemplateBuild build, TemplateRecipe recipe);
  /// The log from line `log_from` on.
  Awaitable<Outcome<BuildStatus>> build_status(TemplateBuild build, std::int64_t log_from);

  /// Whether a name is taken, by us or by another team.
  Awaitable<Outcome<bool>> exists(std::string name);
  /// `target`: "name:tag", the build that gets the tags too. Returns the build's id.
  Awaitable<Outcome<std::string>> assign_tags(std::string target, std::vector<std::string> tags);
  Awaitable<Outcome<void>> remove_tags(std::string name, std::vector<std::string> tags);
  Awaitable<Outcome<std::vector<TemplateTag>>> tags(std::string name);

 private:
  Awaitable<Outcome<void>> upload_copies(const TemplateBuild& build, TemplateRecipe& recipe,
                                         const std::filesystem::path& folder);
  Awaitable<Outcome<void>> follow(const TemplateBuild& build, const std::string& name,
                                  const std::function<void(const LogLine&)>& log);

  const ControlCalls& calls_;
};

}  // namespace genesis::launch::e2b
