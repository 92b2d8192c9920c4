// Patches on arbitrary programs: no input may crash, and what is outside the editable regions of a
// program stays as it was. The input is <language byte><kind byte><program>\0<answer>.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "genesis/program/edit_blocks.h"
#include "genesis/program/language.h"
#include "genesis/program/patch.h"

namespace {

std::string immutable_text(std::string_view text, const genesis::Language& language) {
  const auto blocks = genesis::find_blocks(text, language);
  if (!blocks) std::abort();
  std::string outside;
  std::size_t from = 0;
  for (const genesis::Block& block : *blocks) {
    outside += text.substr(from, block.begin - from);
    from = block.end;
  }
  outside += text.substr(from);
  return outside;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static const auto names = genesis::language_names();
  const genesis::Language& language = *genesis::find_language(names[data[0] % names.size()]);
  const auto kind = data[1] % 2 == 0 ? genesis::PatchKind::diff : genesis::PatchKind::full;
  const std::string_view rest(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto middle = rest.find('\0');
  std::string text(rest.substr(0, middle));
  const std::string_view answer =
      middle == std::string_view::npos ? std::string_view() : rest.substr(middle + 1);
  // Most random texts have no markers; half of the inputs get a pair, so that edits are reached.
  if (data[1] % 4 < 2 && !genesis::has_markers(text, language)) {
    text = genesis::wrap_in_block(text, language);
  }
  const genesis::Program parent("main", text);
  const auto result = genesis::apply_patch(kind, parent, answer, language);
  if (!result) {
    if (result.error().message.empty()) std::abort();
    return 0;
  }
  if (immutable_text(result->child.text(), language) != immutable_text(text, language))
    std::abort();
  if (result->unified_diff.empty() != (result->child.text() == text)) std::abort();
  return 0;
}
