#include "launch/pricing/price_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "genesis/base/files.h"

namespace genesis::launch {
namespace {

using testing::HasSubstr;

TEST(PriceFile, YamlAndJsonSayTheSame) {
  const auto yaml =
      read_price_text("currency: EUR\nvcpu_hour: 0.5\noverrides: {a: {hour: 2}}", "p");
  const auto json = read_price_text(
      R"({"currency": "EUR", "vcpu_hour": 0.5, "overrides": {"a": {"hour": 2}}})", "p");
  ASSERT_TRUE(yaml) << yaml.error().message;
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(yaml->usual.vcpu_hour, json->usual.vcpu_hour);
  EXPECT_EQ(yaml->overrides.at("a").hour, json->overrides.at("a").hour);
}

TEST(PriceFile, WhatIsNoneIsSaidWithItsPath) {
  TempDir folder("prices");
  const fs::path path = folder.path() / "prices.yaml";
  EXPECT_EQ(read_price_file(path).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(write_file(path, "currency: [EUR"));
  EXPECT_THAT(read_price_file(path).error().message, HasSubstr("prices.yaml"));
  ASSERT_TRUE(write_file(path, "currency: EUR\nvcpu_hour: ${oc.env:HOME}"));
  EXPECT_THAT(read_price_file(path).error().message, HasSubstr("vcpu_hour"));
  ASSERT_TRUE(write_file(path, std::string(2u << 20, '#')));
  EXPECT_FALSE(read_price_file(path)) << "too large";
}

TEST(PriceFile, TheDocumentedExampleIsRead) {
  const std::string page = read_file(GENESIS_SOURCE_DIR "/docs/e2b.md").value();
  const auto from = page.find("currency: EUR");
  ASSERT_NE(from, std::string::npos);
  const auto list = read_price_text(page.substr(from, page.find("```", from) - from), "docs");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->currency, "EUR");
}

}  // namespace
}  // namespace genesis::launch
