#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "genesis/base/error.h"
#include "genesis/program/language.h"

namespace genesis {

/// What a line is: an EVOLVE-BLOCK marker or anything else.
enum class Marker { none, start, end };

/// One editable region. Offsets are bytes into the text it was found in: `begin` is just after the
/// START marker's line, `end` is the start of the END marker's line, so the content is empty or
/// ends with a newline.
struct Block {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string indent;  ///< White space in front of the START marker.
  bool operator==(const Block&) const = default;
};

/// A marker stands on a line of its own: `EVOLVE-BLOCK-START` or `EVOLVE-BLOCK-END` alone or behind
/// a comment lead (`#`, `//`, `!`, `--`, `%`, or the language's own), or in a whole comment
/// (`<!-- -->`, `(* *)`, `/* */`, or the language's own). After a line-comment marker any words may
/// follow. `EVOLVE-BLOCK-START` inside code, say in a string, is no marker.
Marker marker_of_line(std::string_view line, const Language& language);

/// Whether the text has any marker at all, paired or not. A program without markers has no editable
/// region and no patch applies to it; wrap_in_block makes the whole of it editable.
bool has_markers(std::string_view text, const Language& language);

/// The outermost editable regions, in order. Markers are paired by position, each END with the
/// nearest open START, so blocks may follow each other and nest; an inner block is part of the
/// outer one's content. A text without markers has no blocks, which is not an error. Unpaired
/// markers and markers in a comment that does not close on their line are errors (kind `parse`)
/// with line numbers.
Result<std::vector<Block>> find_blocks(std::string_view text, const Language& language);

/// A stretch of text without markers inside an editable region: the whole content of a block, or
/// its parts between nested markers. Each is empty or ends with a newline.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

/// Where edits may go, in order; adjoining blocks stay apart, and every block has at least one
/// span. Fails as find_blocks does.
Result<std::vector<Span>> find_spans(std::string_view text, const Language& language);

/// The editable regions one after the other, without markers in between: what is embedded and
/// compared. Fails as find_blocks does; empty when there are no markers.
Result<std::string> redact_immutable(std::string_view text, const Language& language);

/// The text without its marker lines.
std::string remove_marker_lines(std::string_view text, const Language& language);

/// The marker line of this language, without a newline: "# EVOLVE-BLOCK-START".
std::string marker_line(Marker marker, const Language& language);
/// The whole text as one editable region.
std::string wrap_in_block(std::string_view text, const Language& language);

/// "\r\n" when the first line of the text ends so, otherwise "\n".
std::string_view newline_of(std::string_view text);
/// The text with all its line ends ("\n" or "\r\n") written as `newline`.
std::string with_newlines(std::string_view text, std::string_view newline);
/// 1 for offset 0, and so on.
std::size_t line_number(std::string_view text, std::size_t offset);

}  // namespace genesis
