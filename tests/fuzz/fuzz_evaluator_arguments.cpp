// The command line of evaluators in C++: whatever the words, arguments or a UsageError.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "genesis_evaluator/arguments.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace evaluator = genesis::evaluator;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::vector<evaluator::Flag> flags{
      {"target", "100", "a number"}, {"runs", "3", "an integer"}, {"fast", "false", "a switch"}};
  try {
    const auto arguments = evaluator::Arguments::parse(words, flags);
    (void)arguments.text("target");
    try {
      (void)arguments.number("target");
      (void)arguments.integer("runs");
      (void)arguments.enabled("fast");
    } catch (const evaluator::UsageError&) {
    }
  } catch (const evaluator::UsageError&) {
  }
  return 0;
}
