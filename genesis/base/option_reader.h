#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"

namespace genesis {

/// One thing wrong with a configuration value. `path` is the dotted key ("job_config.time"), by
/// which the command line finds the file and line, or the argument, that set it.
struct OptionError {
  std::string path;
  std::string message;
};

/// Thrown by what binds configuration; the message is one line for one error.
class OptionException : public std::runtime_error {
 public:
  explicit OptionException(OptionError error)
      : std::runtime_error(error.path + ": " + error.message), error_(std::move(error)) {}
  const OptionError& error() const { return error_; }

 private:
  OptionError error_;
};

/// Binds a JSON object to a plain struct: `reader.read("time", config.time)` for each field, then
/// `reader.finish()`. Absent keys leave the default; null resets an optional and is refused for
/// others; wrong types, missing required values and unknown keys throw OptionException, with the
/// nearest valid name. Numbers are not silently narrowed; strings are accepted for durations and
/// sizes ("01:00:00", "8G"), numbers for strings are not. One thread.
class OptionReader {
 public:
  /// `object` must outlive the reader. A null JSON value counts as an empty object. `path` is the
  /// dotted prefix for messages.
  OptionReader(const nlohmann::json& object, std::string path);

  void read(std::string_view key, bool& out);
  void read(std::string_view key, int& out);
  void read(std::string_view key, std::int64_t& out);
  void read(std::string_view key, std::uint64_t& out);
  void read(std::string_view key, double& out);
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, std::filesystem::path& out);
  void read(std::string_view key, std::chrono::milliseconds& out);  ///< duration text or seconds
  void read_bytes(std::string_view key, std::uint64_t& out);        ///< size text or bytes
  void read_bytes(std::string_view key, std::optional<std::uint64_t>& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::vector<double>& out);
  void read(std::string_view key,
            std::map<std::string, std::string>& out);    ///< scalars become text
  void read(std::string_view key, nlohmann::json& out);  ///< as it is

  template <typename T>
  void read(std::string_view key, std::optional<T>& out) {
    if (!take(key)) return;
    if (is_null(key)) {
      out.reset();
      return;
    }
    T value{};
    read(key, value);
    out = std::move(value);
  }

  /// One of a closed set of names; `Enum` values in the same order.
  template <typename Enum>
  void read_enum(std::string_view key, Enum& out,
                 const std::vector<std::pair<std::string, Enum>>& names) {
    std::vector<std::string> known;
    for (const auto& [name, value] : names) known.push_back(name);
    if (const auto index = take_choice(key, known)) out = names[*index].second;
  }

  /// The key is known and deliberately ignored (`_target_`).
  void ignore(std::string_view key);
  bool has(std::string_view key) const;
  /// The sub-object under `key`, or an empty one; its reader has the longer path.
  OptionReader object(std::string_view key);
  /// Throws for an empty or absent value that must be there.
  void require(std::string_view key) const;
  /// Keys of the object that nobody has read so far.
  std::vector<std::string> unknown_keys() const;
  /// The known key that is spelled nearly like this one, or empty.
  std::string nearest_known(std::string_view key) const;
  /// Throws for the first key of the object that nobody read.
  void finish() const;
  [[noreturn]] void fail(std::string_view key, std::string message) const;

 private:
  bool take(std::string_view key);  ///< Marks as known; false when absent.
  bool is_null(std::string_view key) const;
  const nlohmann::json* value(std::string_view key);
  std::optional<std::size_t> take_choice(std::string_view key,
                                         const std::vector<std::string>& known);

  const nlohmann::json* object_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace genesis
