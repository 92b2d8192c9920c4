// Manifests in the store and hashes of large files between sessions. Both may come back damaged.
#include <nlohmann/json.hpp>

#include "evaluators/evaluator_identity.h"
#include "evaluators/hash_memory.h"
#include "genesis/base/files.h"

namespace genesis::evaluators {
namespace {

using nlohmann::json;

json to_json(const FileStamp& stamp) {
  return {stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode};
}

FileStamp stamp_from(const json& array) {
  FileStamp stamp;
  stamp.size = array.at(0).get<std::uint64_t>();
  stamp.mtime_ns = array.at(1).get<std::int64_t>();
  stamp.ctime_ns = array.at(2).get<std::int64_t>();
  stamp.inode = array.at(3).get<std::uint64_t>();
  return stamp;
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

json files_to_json(const std::vector<EvaluatorFile>& files) {
  json array = json::array();
  for (const EvaluatorFile& file : files) {
    array.push_back({{"name", file.name},
                     {"path", file.path},
                     {"stamp", to_json(file.stamp)},
                     {"sha256", file.sha256}});
  }
  return array;
}

/// Throws json::exception or std::invalid_argument.
std::vector<EvaluatorFile> files_from_json(const json& array) {
  std::vector<EvaluatorFile> files;
  if (!array.is_array()) throw std::invalid_argument("files is no list");
  for (const json& object : array) {
    EvaluatorFile file;
    file.name = object.at("name").get<std::string>();
    file.path = object.at("path").get<std::string>();
    file.stamp = stamp_from(object.at("stamp"));
    file.sha256 = object.at("sha256").get<std::string>();
    if (!is_sha256(file.sha256)) throw std::invalid_argument("a hash is none");
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::string encode_manifest(const EvaluatorManifest& manifest) {
  const json object{{"settings", manifest.settings_sha256},
                    {"files", files_to_json(manifest.files)}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<EvaluatorManifest> decode_manifest(std::string_view text) {
  try {
    const json object = json::parse(text);
    EvaluatorManifest manifest;
    manifest.settings_sha256 = object.at("settings").get<std::string>();
    manifest.files = files_from_json(object.at("files"));
    return manifest;
  } catch (const std::exception& failure) {
    return make_error(
        ErrorKind::parse,
        std::string("the record of the evaluator's files is damaged: ") + failure.what());
  }
}

std::vector<EvaluatorFile> recall_hashes(const fs::path& file) {
  const auto text = read_file(file, 16u << 20, false);
  if (!text) return {};
  return parse_hash_memory(*text);
}

std::vector<EvaluatorFile> parse_hash_memory(std::string_view text) {
  try {
    std::vector<EvaluatorFile> files = files_from_json(json::parse(text));
    std::erase_if(files, [](const EvaluatorFile& f) { return f.stamp.size < kLeastRemembered; });
    return files;
  } catch (const std::exception&) {
    return {};
  }
}

Status remember_hashes(const fs::path& file, const EvaluatorManifest& manifest) {
  std::vector<EvaluatorFile> large;
  for (const EvaluatorFile& one : manifest.files) {
    if (one.stamp.size >= kLeastRemembered && !one.young) large.push_back(one);
  }
  std::error_code ignored;
  if (large.empty() && !fs::exists(file, ignored)) return {};
  return write_file_atomic(
      file, files_to_json(large).dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace genesis::evaluators
