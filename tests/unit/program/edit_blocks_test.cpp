#include "genesis/program/edit_blocks.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

const Language& language(const char* name) {
  return *find_language(name);
}

std::vector<std::string> contents(std::string_view text, const char* name = "python") {
  const auto blocks = find_blocks(text, language(name));
  if (!blocks) return {"error: " + blocks.error().message};
  std::vector<std::string> found;
  for (const Block& block : *blocks) {
    found.emplace_back(text.substr(block.begin, block.end - block.begin));
  }
  return found;
}

using Strings = std::vector<std::string>;

TEST(EditBlocksTest, RecognisesEveryCommentLead) {
  const struct {
    const char* line;
    Marker marker;
  } cases[] = {
      {"EVOLVE-BLOCK-START", Marker::start},
      {"  # EVOLVE-BLOCK-START", Marker::start},
      {"#EVOLVE-BLOCK-END", Marker::end},
      {"## EVOLVE-BLOCK-END", Marker::end},
      {"// EVOLVE-BLOCK-START", Marker::start},
      {"/// EVOLVE-BLOCK-START", Marker::start},
      {"! EVOLVE-BLOCK-END", Marker::end},
      {"-- EVOLVE-BLOCK-END", Marker::end},
      {"% EVOLVE-BLOCK-START", Marker::start},
      {"<!-- EVOLVE-BLOCK-START -->", Marker::start},
      {"<!--EVOLVE-BLOCK-END-->", Marker::end},
      {"(* EVOLVE-BLOCK-START *)", Marker::start},
      {"/* EVOLVE-BLOCK-END */\r\n", Marker::end},
      {"#= EVOLVE-BLOCK-END =#", Marker::none},  // Julia only, see below
      {"# EVOLVE-BLOCK-START: the packing", Marker::start},
      {"# EVOLVE-BLOCK-STARTED", Marker::none},
      {"# EVOLVE-BLOCK-START-2", Marker::none},
      {"EVOLVE-BLOCK-START here", Marker::none},
      {"x = 1  # EVOLVE-BLOCK-START", Marker::none},
      {"x = 'EVOLVE-BLOCK-END'", Marker::none},
      {"# see EVOLVE-BLOCK-END", Marker::none},
      {"# evolve-block-start", Marker::none},
      {"", Marker::none},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(marker_of_line(c.line, language("python")), c.marker) << c.line;
  }
  EXPECT_EQ(marker_of_line("#= EVOLVE-BLOCK-END =#", language("julia")), Marker::end);
}

TEST(EditBlocksTest, FindsBlocksInOrder) {
  const struct {
    const char* text;
    Strings found;
  } cases[] = {
      {"", {}},
      {"x = 1\n", {}},
      {"# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END", {""}},
      {"a\n# EVOLVE-BLOCK-START\nb\n# EVOLVE-BLOCK-END\nc", {"b\n"}},
      {"# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-END\nx\n# EVOLVE-BLOCK-START\nb\n"
       "# EVOLVE-BLOCK-END\n",
       {"a\n", "b\n"}},
      {"# EVOLVE-BLOCK-START\na\n  # EVOLVE-BLOCK-START\n  b\n  # EVOLVE-BLOCK-END\nc\n"
       "# EVOLVE-BLOCK-END\nd\n",
       {"a\n  # EVOLVE-BLOCK-START\n  b\n  # EVOLVE-BLOCK-END\nc\n"}},
      {"# EVOLVE-BLOCK-START\r\na\r\n# EVOLVE-BLOCK-END\r\n", {"a\r\n"}},
      {"// EVOLVE-BLOCK-START\nx\xff\n// EVOLVE-BLOCK-END\n", {"x\xff\n"}},
  };
  for (const auto& c : cases) EXPECT_EQ(contents(c.text), c.found) << c.text;
}

TEST(EditBlocksTest, BlocksKnowTheirIndent) {
  const auto blocks =
      find_blocks("  \t# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n", language("python"));
  ASSERT_TRUE(blocks);
  EXPECT_EQ(blocks->at(0).indent, "  \t");
}

TEST(EditBlocksTest, UnpairedMarkersAreErrorsWithLines) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"a\n# EVOLVE-BLOCK-START\nb\n",
       "error: reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-START on line 2 has no EVOLVE-BLOCK-END "
       "after it"},
      {"# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n\n# EVOLVE-BLOCK-END\n",
       "error: reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-END on line 4 has no EVOLVE-BLOCK-START "
       "before it"},
      {"# EVOLVE-BLOCK-END\n# EVOLVE-BLOCK-START\n",
       "error: reading EVOLVE-BLOCK markers: EVOLVE-BLOCK-END on line 1 has no EVOLVE-BLOCK-START "
       "before it"},
      {"x\n/* EVOLVE-BLOCK-START\n*/\n// EVOLVE-BLOCK-END\n",
       "error: reading EVOLVE-BLOCK markers: the marker's comment on line 2 does not close on that "
       "line; end the line with '*/'"},
      {"<!-- EVOLVE-BLOCK-START\n",
       "error: reading EVOLVE-BLOCK markers: the marker's comment on line 1 does not close on that "
       "line; end the line with '-->'"},
  };
  for (const auto& c : cases) EXPECT_EQ(contents(c.text), Strings{c.message}) << c.text;
}

TEST(EditBlocksTest, SpansLeaveNestedMarkersOut) {
  const std::string text =
      "# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-START\nb\n# EVOLVE-BLOCK-END\n# EVOLVE-BLOCK-END\n"
      "x\n# EVOLVE-BLOCK-START\nc\n# EVOLVE-BLOCK-END\n";
  const auto spans = find_spans(text, language("python"));
  ASSERT_TRUE(spans);
  Strings found;
  for (const Span& span : *spans) found.push_back(text.substr(span.begin, span.end - span.begin));
  EXPECT_EQ(found, (Strings{"a\n", "b\n", "", "c\n"}));
  EXPECT_EQ(redact_immutable(text, language("python")).value(), "a\nb\nc\n");
  EXPECT_EQ(redact_immutable("x\n", language("python")).value(), "");
  EXPECT_FALSE(redact_immutable("# EVOLVE-BLOCK-END\n", language("python")));
}

TEST(EditBlocksTest, TellsWhetherThereAreMarkers) {
  EXPECT_FALSE(has_markers("x = 'EVOLVE-BLOCK-START'\n", language("python")));
  EXPECT_TRUE(has_markers("x\n# EVOLVE-BLOCK-END", language("python")));
}

TEST(EditBlocksTest, RemovesMarkerLinesOnly) {
  EXPECT_EQ(
      remove_marker_lines("a\n# EVOLVE-BLOCK-START\nb # EVOLVE-BLOCK-END\n// EVOLVE-BLOCK-END",
                          language("python")),
      "a\nb # EVOLVE-BLOCK-END\n");
}

TEST(EditBlocksTest, WrappedTextIsOneBlockInEveryLanguage) {
  for (const std::string& name : language_names()) {
    SCOPED_TRACE(name);
    const std::string wrapped = wrap_in_block("x\ny", *find_language(name));
    EXPECT_EQ(contents(wrapped, name.c_str()), Strings{"x\ny\n"});
  }
  EXPECT_EQ(wrap_in_block("x\r\n", language("wolfram")),
            "(* EVOLVE-BLOCK-START *)\r\nx\r\n(* EVOLVE-BLOCK-END *)\r\n");
}

TEST(EditBlocksTest, NewlinesAreConverted) {
  EXPECT_EQ(newline_of("a\r\nb\n"), "\r\n");
  EXPECT_EQ(newline_of("a"), "\n");
  EXPECT_EQ(newline_of("\n"), "\n");
  EXPECT_EQ(with_newlines("a\r\nb\nc", "\n"), "a\nb\nc");
  EXPECT_EQ(with_newlines("a\r\nb\n", "\r\n"), "a\r\nb\r\n");
  EXPECT_EQ(with_newlines("a\rb", "\n"), "a\rb");
}

TEST(EditBlocksTest, AMegabyteOfStemsOnOneLineIsRead) {
  std::string text = "# EVOLVE-BLOCK-START\n";
  while (text.size() < (1u << 20)) text += "EVOLVE-BLOCK-";
  text += "\n# EVOLVE-BLOCK-END\n";
  EXPECT_EQ(find_blocks(text, language("python"))->size(), 1u);
}

}  // namespace
}  // namespace genesis
