#include "genesis/program/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "genesis/base/files.h"
#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis {

namespace {

constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxBytes = 64u << 20;
constexpr std::string_view kMagic = "genesis-program-1";

bool path_before(const SourceFile& file, std::string_view path) {
  return file.path < path;
}

/// Index of the file with this path, or files.size(). Files are sorted by path.
std::size_t find_path(const std::vector<SourceFile>& files, std::string_view path) {
  const auto found = std::lower_bound(files.begin(), files.end(), path, path_before);
  if (found == files.end() || found->path != path) return files.size();
  return static_cast<std::size_t>(found - files.begin());
}

tl::unexpected<Error> no_such_file(const std::vector<SourceFile>& files, std::string_view path) {
  std::vector<std::string> names;
  for (const SourceFile& file : files) names.push_back(file.path);
  return make_error(
      ErrorKind::not_found,
      fmt::format("the program has no file '{}'{} (it has {} file{})", path,
                  did_you_mean(path, names), names.size(), names.size() == 1 ? "" : "s"));
}

/// A name cannot be a file and a folder at once: 'a' and 'a/b' could not be written together.
Status check_no_file_is_a_folder(const std::vector<SourceFile>& files) {
  for (const SourceFile& file : files) {
    for (auto slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      const auto folder = std::string_view(file.path).substr(0, slash);
      if (find_path(files, folder) == files.size()) continue;
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("making a program: '{}' is both a file and the folder of '{}'",
                                    folder, file.path));
    }
  }
  return {};
}

}  // namespace

Program::Program(std::string path, std::string text) {
  files_.push_back({std::move(path), std::move(text)});
}

Result<Program> Program::create(std::vector<SourceFile> files, std::string primary_path) {
  if (files.empty()) {
    return make_error(ErrorKind::invalid_argument, "making a program: it has no files");
  }
  for (const SourceFile& file : files) {
    if (is_safe_relative_path(file.path)) continue;
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("making a program: the path '{}' is not a plain path inside the "
                                  "program's folder; use names like 'main.py' or 'lib/a.py'",
                                  file.path));
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  const auto twin =
      std::adjacent_find(files.begin(), files.end(),
                         [](const SourceFile& a, const SourceFile& b) { return a.path == b.path; });
  if (twin != files.end()) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("making a program: the path '{}' occurs twice", twin->path));
  }
  GENESIS_TRY(check_no_file_is_a_folder(files));
  const std::size_t primary = find_path(files, primary_path);
  if (primary == files.size()) return no_such_file(files, primary_path);
  Program program;
  program.files_ = std::move(files);
  program.primary_ = primary;
  return program;
}

Program Program::with_text(std::string text) const {
  Program other = *this;
  if (!other.files_.empty()) other.files_[primary_].text = std::move(text);
  return other;
}

Result<Program> Program::with_file(std::string_view path, std::string text) const {
  const std::size_t index = find_path(files_, path);
  if (index == files_.size()) return no_such_file(files_, path);
  Program other = *this;
  other.files_[index].text = std::move(text);
  return other;
}

std::string Program::key() const {
  return hash128_hex(encode());
}

std::size_t Program::size() const {
  std::size_t bytes = 0;
  for (const SourceFile& file : files_) bytes += file.text.size();
  return bytes;
}

// Lengths before contents, so that any bytes may stand in a text:
//   genesis-program-1 <files> <primary>\n  then, per file,  <path bytes> <text bytes>\n<path><text>
std::string Program::encode() const {
  std::string out = fmt::format("{} {} {}\n", kMagic, files_.size(), primary_);
  out.reserve(out.size() + size() + files_.size() * 64);
  for (const SourceFile& file : files_) {
    out += fmt::format("{} {}\n", file.path.size(), file.text.size());
    out += file.path;
    out += file.text;
  }
  return out;
}

namespace {

tl::unexpected<Error> bad_encoding(std::string_view what) {
  return make_error(ErrorKind::parse, fmt::format("reading a stored program: {}", what));
}

/// Takes "<a> <b>\n" off the front.
Result<std::pair<std::size_t, std::size_t>> take_two_numbers(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return bad_encoding("it is cut off in a header");
  const std::string_view line = rest.substr(0, end);
  std::pair<std::size_t, std::size_t> numbers;
  const char* const stop = line.data() + line.size();
  const auto first = std::from_chars(line.data(), stop, numbers.first);
  if (first.ec != std::errc() || first.ptr == stop || *first.ptr != ' ') {
    return bad_encoding("a header is not two numbers");
  }
  const auto second = std::from_chars(first.ptr + 1, stop, numbers.second);
  if (second.ec != std::errc() || second.ptr != stop) {
    return bad_encoding("a header is not two numbers");
  }
  rest.remove_prefix(end + 1);
  return numbers;
}

}  // namespace

Result<Program> Program::decode(std::string_view encoded) {
  std::string_view rest = encoded;
  if (!rest.starts_with(kMagic) || rest.size() <= kMagic.size() || rest[kMagic.size()] != ' ') {
    return bad_encoding("it does not start as one");
  }
  rest.remove_prefix(kMagic.size() + 1);
  GENESIS_TRY_ASSIGN(const auto header, take_two_numbers(rest));
  const auto [count, primary] = header;
  if (count == 0) return rest.empty() ? Result<Program>(Program()) : bad_encoding("trailing bytes");
  if (count > rest.size() || primary >= count) return bad_encoding("its file count is wrong");
  std::vector<SourceFile> files;
  for (std::size_t i = 0; i < count; ++i) {
    GENESIS_TRY_ASSIGN(const auto lengths, take_two_numbers(rest));
    const auto [path, text] = lengths;
    if (path > rest.size() || text > rest.size() - path) return bad_encoding("it is cut off");
    files.push_back({std::string(rest.substr(0, path)), std::string(rest.substr(path, text))});
    rest.remove_prefix(path + text);
  }
  if (!rest.empty()) return bad_encoding("there are bytes after its end");
  std::string primary_path = files[primary].path;
  auto program = create(std::move(files), std::move(primary_path));
  if (!program) return bad_encoding(program.error().message);
  return program;
}

bool is_safe_relative_path(std::string_view path) {
  if (path.empty() || path.size() > 1024 || path.find('\0') != std::string_view::npos) return false;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
  }
  return true;
}

namespace {

Result<std::vector<SourceFile>> load_folder(const fs::path& folder) {
  std::vector<SourceFile> files;
  std::size_t bytes = 0;
  std::error_code failure;
  fs::recursive_directory_iterator entry(folder, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    std::error_code unreadable;
    // Links are left out: they could lead outside the folder, or round in a circle.
    if (entry->symlink_status(unreadable).type() != fs::file_type::regular) continue;
    if (files.size() == kMaxFiles) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("loading program '{}': more than {} files; name the folder of "
                                    "the program alone",
                                    folder.string(), kMaxFiles));
    }
    GENESIS_TRY_ASSIGN(std::string text, read_file(entry->path(), kMaxBytes - bytes, false));
    bytes += text.size();
    files.push_back({entry->path().lexically_relative(folder).generic_string(), std::move(text)});
  }
  if (failure) return errno_error("loading program", folder.string(), failure.value());
  return files;
}

}  // namespace

Result<Program> load_program(const std::string& path, const std::string& primary) {
  const fs::path given(path);
  std::error_code failure;
  if (!fs::is_directory(given, failure)) {
    GENESIS_TRY_ASSIGN(std::string text, read_file(given, kMaxBytes));
    return Program(given.filename().string(), std::move(text));
  }
  GENESIS_TRY_ASSIGN(std::vector<SourceFile> files, load_folder(given));
  if (primary.empty() && files.size() != 1) {
    return make_error(ErrorKind::invalid_argument,
                      fmt::format("loading program '{}': it is a folder with {} files; say which "
                                  "one is the primary file",
                                  path, files.size()));
  }
  std::string chosen = primary.empty() ? files.front().path : primary;
  auto program = Program::create(std::move(files), std::move(chosen));
  if (!program) {
    return tl::unexpected<Error>(
        std::move(program.error()).with_context(fmt::format("loading program '{}'", path)));
  }
  return program;
}

Status write_program(const Program& program, const std::string& folder) {
  GENESIS_TRY(make_directories(folder));
  for (const SourceFile& file : program.files()) {
    if (!is_safe_relative_path(file.path)) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("writing a program to '{}': the path '{}' leaves the folder",
                                    folder, file.path));
    }
    const fs::path target = fs::path(folder) / file.path;
    if (file.path.find('/') != std::string::npos)
      GENESIS_TRY(make_directories(target.parent_path()));
    GENESIS_TRY(write_file(target, file.text));
  }
  return {};
}

}  // namespace genesis
