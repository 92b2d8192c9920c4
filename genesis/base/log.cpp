#include "genesis/base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace genesis {
namespace {

struct Secrets {
  std::mutex mutex;
  std::vector<std::string> values;
};

Secrets& secrets() {
  static Secrets the_secrets;
  return the_secrets;
}

struct Sinks {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> file;
  std::shared_ptr<spdlog::logger> console;

  Sinks() {
    console = std::make_shared<spdlog::logger>("genesis",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>());
    console->set_pattern("%l: %v");
    console->set_level(spdlog::level::warn);
  }
};

Sinks& sinks() {
  static Sinks the_sinks;
  return the_sinks;
}

spdlog::level::level_enum spd_level(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return spdlog::level::debug;
    case log::Level::info:
      return spdlog::level::info;
    case log::Level::warning:
      return spdlog::level::warn;
    case log::Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void register_secret(std::string value) {
  if (value.size() < 4) return;  // shorter ones would mangle ordinary text
  const std::lock_guard lock(secrets().mutex);
  auto& values = secrets().values;
  if (std::find(values.begin(), values.end(), value) == values.end())
    values.push_back(std::move(value));
}

std::string redact(std::string_view text) {
  std::string clean(text);
  const std::lock_guard lock(secrets().mutex);
  for (const std::string& secret : secrets().values) {
    for (auto at = clean.find(secret); at != std::string::npos; at = clean.find(secret, at)) {
      clean.replace(at, secret.size(), "[redacted]");
    }
  }
  return clean;
}

namespace log {

Status open_file(const std::filesystem::path& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    auto logger = std::make_shared<spdlog::logger>("run", std::move(sink));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::info);
    const std::lock_guard lock(sinks().mutex);
    sinks().file = std::move(logger);
    return {};
  } catch (const spdlog::spdlog_ex& failure) {
    return make_error(ErrorKind::io,
                      fmt::format("open log '{}': {}", path.string(), failure.what()));
  }
}

void set_stderr_level(Level level) {
  sinks().console->set_level(spd_level(level));
}

void write(Level level, std::string_view message) {
  const std::string clean = redact(message);
  Sinks& out = sinks();
  const std::lock_guard lock(out.mutex);
  if (out.file) out.file->log(spd_level(level), clean);
  out.console->log(spd_level(level), clean);
}

void flush() {
  const std::lock_guard lock(sinks().mutex);
  if (sinks().file) sinks().file->flush();
}

}  // namespace log
}  // namespace genesis
