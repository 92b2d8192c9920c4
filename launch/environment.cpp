#include "launch/environment.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

extern char** environ;

namespace genesis::launch {

namespace {

constexpr std::array kAllowed = {"PATH",
                                 "HOME",
                                 "USER",
                                 "LOGNAME",
                                 "SHELL",
                                 "LANG",
                                 "LANGUAGE",
                                 "LC_*",
                                 "TZ",
                                 "TMPDIR",
                                 "TERM",
                                 "VIRTUAL_ENV",
                                 "CONDA_*",
                                 "_CE_*",
                                 "MAMBA_*",
                                 "LD_LIBRARY_PATH",
                                 "LIBRARY_PATH",
                                 "CPATH",
                                 "CUDA_VISIBLE_DEVICES",
                                 "CUDA_HOME",
                                 "CUDA_PATH",
                                 "CUDA_DEVICE_ORDER",
                                 "ROCR_VISIBLE_DEVICES",
                                 "HIP_VISIBLE_DEVICES",
                                 "NVIDIA_VISIBLE_DEVICES",
                                 "JULIA_DEPOT_PATH",
                                 "JAVA_HOME",
                                 "GOPATH",
                                 "GOROOT",
                                 "GOCACHE",
                                 "CARGO_HOME",
                                 "RUSTUP_HOME",
                                 "XDG_CACHE_HOME",
                                 "XDG_RUNTIME_DIR",
                                 "SSL_CERT_FILE",
                                 "SSL_CERT_DIR",
                                 "MPLCONFIGDIR",
                                 "PYTHONPATH",
                                 "PYTHONHASHSEED",
                                 "GENESIS_HOME"};

/// Upper-case patterns; names are compared in upper case.
constexpr std::array kSecretPatterns = {
    "*API_KEY*",  "*APIKEY*",     "*_KEY",         "*TOKEN*", "*SECRET*", "*PASSWORD*",
    "*PASSWD*",   "*CREDENTIAL*", "*PRIVATE*KEY*", "AWS_*",   "GITHUB_*", "GH_*",
    "GITLAB_*",   "AZURE_*",      "GOOGLE_*",      "GCP_*",   "OPENAI_*", "ANTHROPIC_*",
    "E2B_*",      "HF_*",         "*_PAT",         "*AUTH*",  "*COOKIE*", "SSH_*",
    "KUBECONFIG", "*_DSN",        "*DATABASE_URL*"};

bool matches(const char* pattern, const std::string& name) {
  return ::fnmatch(pattern, name.c_str(), 0) == 0;
}

bool is_allowed(const std::string& name) {
  return std::any_of(kAllowed.begin(), kAllowed.end(),
                     [&](const char* pattern) { return matches(pattern, name); });
}

bool is_passed_through(const std::string& name, const std::vector<std::string>& passthrough) {
  const bool secret = looks_like_secret(name);
  return std::any_of(passthrough.begin(), passthrough.end(), [&](const std::string& pattern) {
    return pattern == name || (!secret && matches(pattern.c_str(), name));
  });
}

}  // namespace

Environment own_environment() {
  Environment found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

bool looks_like_secret(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return std::any_of(kSecretPatterns.begin(), kSecretPatterns.end(),
                     [&](const char* pattern) { return matches(pattern, upper); });
}

Environment allowed_environment(const Environment& source,
                                const std::vector<std::string>& passthrough) {
  Environment allowed;
  for (const auto& [name, value] : source) {
    if ((is_allowed(name) && !looks_like_secret(name)) || is_passed_through(name, passthrough)) {
      allowed.emplace(name, value);
    }
  }
  return allowed;
}

void set_numeric_threads(Environment& environment, int threads) {
  const std::string count = std::to_string(threads);
  for (const char* name : {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS",
                           "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS",
                           "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS", "GOTO_NUM_THREADS"}) {
    environment[name] = count;
  }
  environment["OMP_DYNAMIC"] = "FALSE";
  environment["OMP_WAIT_POLICY"] = "PASSIVE";
  environment["MKL_DYNAMIC"] = "FALSE";
}

std::vector<std::string> to_entries(const Environment& environment) {
  std::vector<std::string> entries;
  entries.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    std::string entry;
    entry.reserve(name.size() + value.size() + 1);
    entry.append(name).append(1, '=').append(value);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace genesis::launch
