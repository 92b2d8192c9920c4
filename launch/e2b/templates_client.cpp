#include "launch/e2b/templates_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "genesis/base/fd.h"
#include "genesis/base/files.h"
#include "genesis/base/text.h"
#include "launch/e2b/json_reading.h"
#include "launch/e2b/template_files.h"

#include <nlohmann/json.hpp>

namespace genesis::launch::e2b {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kBetweenLooks{200};
constexpr std::chrono::hours kUploadTime{1};
/// Answers that a log's rest may take; a server that does not look at the offset has no last one.
constexpr int kMostRests = 1000;

std::string template_path(const std::string& id) {
  return "/templates/" + percent_encoded(id);
}

}  // namespace

Awaitable<Outcome<TemplateBuild>> TemplatesClient::build(NewTemplate what, TemplateRecipe recipe,
                                                         std::filesystem::path folder,
                                                         std::function<void(const LogLine&)> log) {
  const std::string name = what.name;
  auto build = co_await request_build(std::move(what));
  if (!build) co_return build;
  const auto uploaded = co_await upload_copies(*build, recipe, folder);
  if (!uploaded) co_return tl::unexpected<Failure>(uploaded.error());
  const auto started = co_await start_build(*build, std::move(recipe));
  if (!started) co_return tl::unexpected<Failure>(started.error());
  const auto ended = co_await follow(*build, name, log);
  if (!ended) co_return tl::unexpected<Failure>(ended.error());
  co_return build;
}

Awaitable<Outcome<void>> TemplatesClient::upload_copies(const TemplateBuild& build,
                                                        TemplateRecipe& recipe,
                                                        const std::filesystem::path& folder) {
  for (TemplateStep& step : recipe.steps) {
    if (step.type != "COPY" || step.args.size() < 2) continue;
    const auto files = files_to_copy(folder, step.args[0], step.args[1]);
    if (!files) co_return fail(FailureKind::local_io, files.error().message);
    step.files_hash = files->hash;
    auto place = co_await upload_place(build.template_id, files->hash);
    if (!place) co_return tl::unexpected<Failure>(place.error());
    if (place->url.empty() || (place->present && !step.force_upload)) continue;
    const TempDir temporary("genesis-template");
    const auto archive = temporary.path() / "files.tar.gz";
    const Status written = write_copy_archive(folder, *files, archive);
    if (!written) co_return fail(FailureKind::local_io, written.error().message);
    auto sent = co_await upload(std::move(*place), archive);
    if (!sent) co_return sent;
  }
  co_return Outcome<void>();
}

Awaitable<Outcome<void>> TemplatesClient::follow(const TemplateBuild& build,
                                                 const std::string& name,
                                                 const std::function<void(const LogLine&)>& log) {
  std::int64_t lines = 0;
  for (int rests = 0;;) {
    auto status = co_await build_status(build, lines);
    if (!status) co_return tl::unexpected<Failure>(status.error());
    lines += static_cast<std::int64_t>(status->log.size());
    for (const LogLine& line : status->log) {
      if (log) log(line);
    }
    const bool ended = status->state == BuildState::ready || status->state == BuildState::failed;
    // An answer has so many lines and no more: what is left of the log comes with the next ones.
    if (ended && (status->log.empty() || ++rests > kMostRests)) {
      if (status->state == BuildState::ready) co_return Outcome<void>();
      const std::string step =
          status->failed_step.empty() ? "" : fmt::format(" at step {}", status->failed_step);
      co_return fail(FailureKind::refused,
                     fmt::format("build template '{}': failed{}: {}", name, step,
                                 status->reason.empty() ? "no reason is told" : status->reason));
    }
    if (ended) continue;
    const bool waited = co_await calls_.pause(kBetweenLooks);
    if (!waited) {
      co_return fail(FailureKind::cancelled, fmt::format("build template '{}': cancelled", name));
    }
  }
}

Awaitable<Outcome<TemplateBuild>> TemplatesClient::request_build(NewTemplate what) {
  const std::string doing = fmt::format("build template '{}'", what.name);
  ControlRequest request("POST", "/v3/templates", template_message(what));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_template_build(answer->body), doing);
}

Awaitable<Outcome<UploadPlace>> TemplatesClient::upload_place(std::string template_id,
                                                              std::string hash) {
  const std::string doing = fmt::format("upload files for template {}", template_id);
  ControlRequest request("GET", template_path(template_id) + "/files/" + percent_encoded(hash));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_upload_place(answer->body), doing);
}

Awaitable<Outcome<void>> TemplatesClient::upload(UploadPlace place, std::filesystem::path archive) {
  const std::string doing = "upload files for a template";
  const Fd file(::open(archive.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    co_return fail(FailureKind::local_io,
                   fmt::format("{}: '{}': {}", doing, archive.string(), std::strerror(errno)));
  }
  net::HttpCall call("PUT", place.url);
  for (const auto& [name, value] : place.headers) {
    const bool length = name.size() == 14 && starts_with_ignore_case(name, "content-length");
    if (!length) call.headers.emplace_back(name, value);
  }
  net::FilePart part;
  part.fd = file.get();
  part.length = static_cast<std::uint64_t>(status.st_size);
  call.file = part;
  call.file_idle = calls_.limits().transfer_silence;
  auto answer = co_await calls_.http().send(std::move(call), steady_clock::now() + kUploadTime);
  if (!answer) co_return tl::unexpected<Failure>(transport_failure(doing, answer.error()));
  const auto body = co_await answer->whole(64u << 10);
  if (answer->status() / 100 == 2) co_return Outcome<void>();
  const std::string text = body ? body->text : std::string();
  co_return tl::unexpected<Failure>(control_failure(doing, answer->head(), text));
}

Awaitable<Outcome<void>> TemplatesClient::start_build(TemplateBuild build, TemplateRecipe recipe) {
  const std::string doing = fmt::format("start the build of template {}", build.template_id);
  ControlRequest request(
      "POST",
      "/v2" + template_path(build.template_id) + "/builds/" + percent_encoded(build.build_id),
      build_message(recipe));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<BuildStatus>> TemplatesClient::build_status(TemplateBuild build,
                                                              std::int64_t log_from) {
  const std::string doing = fmt::format("look at the build of template {}", build.template_id);
  ControlRequest request("GET", fmt::format("{}/builds/{}/status?logsOffset={}&limit=100",
                                            template_path(build.template_id),
                                            percent_encoded(build.build_id), log_from));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_build_status(answer->body), doing);
}

Awaitable<Outcome<bool>> TemplatesClient::exists(std::string name) {
  const std::string doing = fmt::format("look for template '{}'", name);
  ControlRequest request("GET", "/templates/aliases/" + percent_encoded(name));
  const auto deadline = steady_clock::now() + calls_.limits().request;
  auto answer = co_await calls_.ask_once(std::move(request), doing, deadline);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  if (answer->head.status / 100 == 2) co_return true;
  if (answer->head.status == 403) co_return true;  // Another team's.
  if (answer->head.status == 404) co_return false;
  co_return tl::unexpected<Failure>(control_failure(doing, answer->head, answer->body));
}

Awaitable<Outcome<std::string>> TemplatesClient::assign_tags(std::string target,
                                                             std::vector<std::string> tags) {
  const std::string doing = fmt::format("tag template '{}'", target);
  ControlRequest request("POST", "/templates/tags", assign_tags_message(target, tags));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  const auto object = parse_object(answer->body);
  co_return object ? text_member(*object, "buildID") : std::string();
}

Awaitable<Outcome<void>> TemplatesClient::remove_tags(std::string name,
                                                      std::vector<std::string> tags) {
  const std::string doing = fmt::format("remove tags of template '{}'", name);
  ControlRequest request("DELETE", "/templates/tags", remove_tags_message(name, tags));
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return Outcome<void>();
}

Awaitable<Outcome<std::vector<TemplateTag>>> TemplatesClient::tags(std::string name) {
  const std::string doing = fmt::format("list the tags of template '{}'", name);
  ControlRequest request("GET", template_path(name) + "/tags");
  auto answer = co_await calls_.ask_patiently(std::move(request), doing);
  if (!answer) co_return tl::unexpected<Failure>(answer.error());
  co_return taken(parse_tags(answer->body), doing);
}

}  // namespace genesis::launch::e2b
