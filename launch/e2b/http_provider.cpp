#include "launch/e2b/http_provider.h"

#include <utility>

namespace genesis::launch::e2b {
namespace {

net::HttpClientLimits http_limits(const ProviderLimits& limits) {
  net::HttpClientLimits http;
  http.connections_per_origin = limits.connections;
  http.connect_tries = 3;
  return http;
}

}  // namespace

HttpProvider::HttpProvider(boost::asio::io_context& io, Addressing addressing,
                           ProviderLimits limits)
    : addressing_(std::move(addressing)),
      limits_(limits),
      http_(io, http_limits(limits_)),
      control_calls_(io, http_, addressing_, limits_),
      control_(control_calls_),
      templates_(control_calls_),
      calls_(io, http_, addressing_, limits_),
      processes_(calls_),
      files_(calls_),
      folders_(calls_) {}

Awaitable<Outcome<SandboxHandle>> HttpProvider::create(NewSandbox what) {
  return control_.create(std::move(what));
}

Awaitable<Outcome<SandboxHandle>> HttpProvider::connect(std::string id,
                                                        std::chrono::seconds lifetime) {
  return control_.connect(std::move(id), lifetime);
}

Awaitable<Outcome<std::vector<SandboxInfo>>> HttpProvider::list(
    std::map<std::string, std::string> metadata) {
  ListFilter filter;
  filter.metadata = std::move(metadata);
  return control_.list(std::move(filter));
}

Awaitable<Outcome<SandboxInfo>> HttpProvider::info(std::string id) {
  return control_.info(std::move(id));
}

Awaitable<Outcome<bool>> HttpProvider::kill(std::string id) {
  return control_.kill(std::move(id));
}

Awaitable<Outcome<void>> HttpProvider::set_lifetime(std::string id, std::chrono::seconds lifetime) {
  return control_.set_lifetime(std::move(id), lifetime);
}

Awaitable<Outcome<std::string>> HttpProvider::snapshot(std::string id, std::string name) {
  Outcome<SnapshotInfo> made = co_await control_.create_snapshot(std::move(id), std::move(name));
  if (!made) co_return tl::unexpected<Failure>(made.error());
  co_return std::move(made->id);
}

Awaitable<Outcome<bool>> HttpProvider::delete_snapshot(std::string id) {
  return control_.delete_snapshot(std::move(id));
}

Awaitable<Outcome<void>> HttpProvider::write_file(SandboxHandle sandbox, std::string path,
                                                  std::string content, std::string user) {
  return files_.write(std::move(sandbox), std::move(path), std::move(content),
                      FileOptions(std::move(user)));
}

Awaitable<Outcome<void>> HttpProvider::write_files(SandboxHandle sandbox,
                                                   std::vector<FileText> files, std::string user) {
  return files_.write_all(std::move(sandbox), std::move(files), FileOptions(std::move(user)));
}

Awaitable<Outcome<void>> HttpProvider::upload_file(SandboxHandle sandbox, std::string path,
                                                   std::filesystem::path from, std::string user) {
  return files_.upload(std::move(sandbox), std::move(path), std::move(from),
                       FileOptions(std::move(user)));
}

Awaitable<Outcome<std::string>> HttpProvider::read_file(SandboxHandle sandbox, std::string path,
                                                        std::size_t limit, std::string user) {
  return files_.read(std::move(sandbox), std::move(path), limit, FileOptions(std::move(user)));
}

Awaitable<Outcome<std::uint64_t>> HttpProvider::download_file(SandboxHandle sandbox,
                                                              std::string path,
                                                              std::filesystem::path to,
                                                              std::uint64_t limit,
                                                              std::string user) {
  return files_.download(std::move(sandbox), std::move(path), std::move(to), limit,
                         FileOptions(std::move(user)));
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> HttpProvider::start(SandboxHandle sandbox,
                                                                       RemoteCommand command) {
  return processes_.start(std::move(sandbox), std::move(command), std::nullopt);
}

Awaitable<Outcome<std::unique_ptr<CommandStream>>> HttpProvider::follow(SandboxHandle sandbox,
                                                                        std::int64_t pid) {
  return processes_.follow(std::move(sandbox), pid);
}

Awaitable<Outcome<CommandAnswer>> HttpProvider::run(SandboxHandle sandbox, RemoteCommand command,
                                                    std::size_t limit) {
  return processes_.run(std::move(sandbox), std::move(command), limit);
}

Awaitable<Outcome<bool>> HttpProvider::signal(SandboxHandle sandbox, std::int64_t pid, bool kill) {
  return processes_.signal(std::move(sandbox), pid, kill);
}

}  // namespace genesis::launch::e2b
