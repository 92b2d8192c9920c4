// What an evaluator's sources import, and what comes back of its record: any bytes. Names that are
// found stay below their folder; a record that is read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "evaluators/evaluator_identity.h"
#include "evaluators/hash_memory.h"
#include "evaluators/python_imports.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace genesis::evaluators;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const PythonImport& import : python_imports(bytes)) {
    require(import.level >= 0 && (import.level > 0 || !import.module.empty()));
    for (const std::string& place : import_places(import)) {
      require(place.find("..") == place.npos && (place.empty() || place.front() != '/'));
      require(place.find("//") == place.npos);
    }
  }
  for (const EvaluatorFile& file : parse_hash_memory(bytes)) {
    require(file.sha256.size() == 64 && file.stamp.size >= kLeastRemembered);
  }
  if (const auto manifest = decode_manifest(bytes)) {
    const auto again = decode_manifest(encode_manifest(*manifest));
    require(again.has_value() && again->files.size() == manifest->files.size());
  }
  return 0;
}
