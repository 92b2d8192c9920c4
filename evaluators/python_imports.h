#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace genesis::evaluators {

/// One import as a Python source writes it.
struct PythonImport {
  int level = 0;                   ///< Leading dots: 0 is absolute.
  std::string module;              ///< "a.b"; may be empty after dots.
  std::vector<std::string> names;  ///< After `import` in `from module import …`, without `*`.
  bool operator==(const PythonImport&) const = default;
};

/// What a source imports, found without parsing it: statements within functions, conditions and
/// texts count too, so that nothing is missed but what is imported by a computed name. Any bytes.
std::vector<PythonImport> python_imports(std::string_view source);

/// Where such an import may be found, relative to a folder of the module search path (or, with
/// `level` dots, to the folder that they mean), without extension: "a", "a/b", "a/b/name" …
std::vector<std::string> import_places(const PythonImport& import);

}  // namespace genesis::evaluators
