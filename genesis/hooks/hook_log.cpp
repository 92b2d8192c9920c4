#include "genesis/hooks/hook_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genesis/base/fd.h"
#include "genesis/base/log.h"
#include "genesis/base/text.h"
#include "genesis/events/event.h"

namespace genesis::hooks {
namespace {

constexpr off_t kMostBytes = 1 << 20;

}  // namespace

void HookLog::add(std::int64_t unix_millis, std::string_view line, std::string_view output) const {
  std::string text = fmt::format("{} {}\n", events::rfc3339(unix_millis), line);
  for (const std::string_view written : split_lines(output))
    text += fmt::format("    {}\n", written);
  text = redact(to_valid_utf8(text));
  std::error_code ignored;
  if (std::filesystem::file_size(file_, ignored) > kMostBytes && !ignored) {
    std::filesystem::path older = file_;
    older += ".1";
    std::filesystem::rename(file_, older, ignored);
  }
  const Fd fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) static_cast<void>(::write(fd.get(), text.data(), text.size()));
}

}  // namespace genesis::hooks
