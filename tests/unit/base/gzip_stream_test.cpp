#include "genesis/base/gzip_stream.h"

#include <gtest/gtest.h>

namespace genesis {
namespace {

std::string unpacked(const std::string& packed, std::size_t piece_size) {
  GzipReader reader;
  std::string all;
  for (std::size_t at = 0; at < packed.size(); at += piece_size) {
    const Status fed = reader.feed(std::string_view(packed).substr(at, piece_size),
                                   [&all](std::string_view bytes) {
                                     all += bytes;
                                     return Status();
                                   });
    if (!fed) return "error";
  }
  return reader.finish() ? all : "torn";
}

TEST(Gzip, ComesBackInAnyPieces) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i * 7919 % 1013);
  GzipWriter writer;
  std::string packed = writer.pack(text.substr(0, 1000), false);
  packed += writer.pack(text.substr(1000), false);
  packed += writer.pack("", true);
  EXPECT_LT(packed.size(), text.size());
  for (const std::size_t size : {1ul, 7ul, 4096ul, packed.size()}) {
    EXPECT_EQ(unpacked(packed, size), text);
  }
  GzipWriter empty;
  const std::string second = empty.pack("tail", true);
  EXPECT_EQ(unpacked(packed + second, 100), text + "tail") << "members follow each other";
  EXPECT_EQ(unpacked(packed.substr(0, packed.size() / 2), 100), "torn");
  EXPECT_EQ(unpacked("not gzip at all", 100), "error");
  EXPECT_EQ(unpacked("", 100), "torn");
}

TEST(Gzip, WhatTheSinkSaysEndsIt) {
  GzipWriter writer;
  const std::string packed = writer.pack(std::string(1u << 20, 'x'), true);
  GzipReader reader;
  int calls = 0;
  const Status fed = reader.feed(packed, [&calls](std::string_view) -> Status {
    ++calls;
    return make_error(ErrorKind::io, "full");
  });
  EXPECT_FALSE(fed);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace genesis
