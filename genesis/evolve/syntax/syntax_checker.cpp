#include "genesis/evolve/syntax/syntax_checker.h"

#include <mutex>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "genesis/base/hash.h"
#include "genesis/evolve/syntax/lexical_check.h"
#include "genesis/evolve/syntax/persistent_reader.h"
#include "genesis/evolve/syntax/python_chunks.h"
#include "genesis/evolve/syntax/reader_scripts.h"

namespace genesis::evolve {
namespace {

/// Texts that were found good, by 128-bit key. Forgets all when full.
class KnownTexts {
 public:
  bool contains(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return keys_.contains(key);
  }
  void insert(std::string key) {
    constexpr std::size_t kMost = 20'000;
    const std::lock_guard lock(mutex_);
    if (keys_.size() >= kMost) keys_.clear();
    keys_.insert(std::move(key));
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
};

std::vector<std::string> python_command(const SyntaxCheckerOptions& options) {
  const auto seconds = options.deadline.count() / 1000 + 1;
  return {options.python,
          "-I",
          "-S",
          "-c",
          std::string(kPythonReader),
          std::to_string(seconds),
          std::to_string(options.memory_bytes)};
}

std::vector<std::string> node_command(const SyntaxCheckerOptions& options) {
  return {options.node, "--experimental-vm-modules", "--no-warnings", "--max-old-space-size=512",
          "-e",         std::string(kNodeReader)};
}

using Verdict = Result<std::optional<SyntaxError>>;

SyntaxError syntax_error(PersistentReader::Verdict verdict) {
  return {"", verdict.line, std::move(verdict.message)};
}

}  // namespace

/// The readers by language.
class SyntaxChecker::Readers {
 public:
  explicit Readers(const SyntaxCheckerOptions& options)
      : python_(python_command(options), options.deadline),
        node_(node_command(options), options.deadline) {}

  Verdict check(std::string_view text, const Language& language) {
    if (language.name == "python") return check_python(text);
    if (language.name == "javascript") return check_script(text);
    return lexical_check(text, language);
  }

 private:
  /// A child differs from its parent in few places: only top-level statements that were not seen
  /// before are compiled.
  Verdict check_python(std::string_view text) {
    for (const std::string_view chunk : split_python(text)) {
      std::string key = hash128_hex(chunk);
      if (known_.contains(key)) continue;
      GENESIS_TRY_ASSIGN(auto verdict, python_.read(chunk));
      if (!verdict) {
        known_.insert(std::move(key));
      } else if (chunk.size() == text.size()) {
        return syntax_error(std::move(*verdict));
      } else {
        return confirm(text);
      }
    }
    return std::nullopt;
  }

  Verdict confirm(std::string_view text) {
    GENESIS_TRY_ASSIGN(auto verdict, python_.read(text));
    if (!verdict) return std::nullopt;
    return syntax_error(std::move(*verdict));
  }

  Verdict check_script(std::string_view text) {
    auto verdict = node_.read(text);
    if (!verdict) return lexical_check(text, *find_language("javascript"));
    if (!*verdict) return std::nullopt;
    return syntax_error(std::move(**verdict));
  }

  PersistentReader python_;
  PersistentReader node_;
  KnownTexts known_;
};

std::string SyntaxError::describe() const {
  std::string text = file;
  if (line > 0) {
    text += ':';
    text += std::to_string(line);
  }
  text += ": ";
  return text += message;
}

SyntaxChecker::SyntaxChecker(SyntaxCheckerOptions options)
    : readers_(std::make_unique<Readers>(options)) {}

SyntaxChecker::~SyntaxChecker() = default;

Result<std::optional<SyntaxError>> SyntaxChecker::check(const Program& program,
                                                        const Language& language) {
  for (const SourceFile& file : program.files()) {
    const bool primary = &file == &program.primary();
    const std::size_t dot = file.path.rfind('.');
    const Language* const by_extension =
        dot == std::string::npos ? nullptr : language_of_extension(file.path.substr(dot + 1));
    const Language* const chosen = primary ? &language : by_extension;
    if (chosen == nullptr || chosen->is_data) continue;
    GENESIS_TRY_ASSIGN(auto error, readers_->check(file.text, *chosen));
    if (!error) continue;
    error->file = file.path;
    return error;
  }
  return std::nullopt;
}

bool SyntaxChecker::asks_a_process(const Language& language) {
  return language.name == "python" || language.name == "javascript";
}

}  // namespace genesis::evolve
