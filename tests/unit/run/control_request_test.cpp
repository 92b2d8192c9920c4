#include "genesis/run/control_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace genesis::run {
namespace {

using nlohmann::json;

struct Asked {
  int stops = 0;
  std::int64_t target = 100;

  json answer(std::string_view line) {
    RunControls controls;
    controls.status = [this] {
      RunStatus status;
      status.run_id = "r";
      status.target_generations = target;
      return status;
    };
    controls.stop = [this] { ++stops; };
    controls.extend = [this](std::int64_t by) { target += by; };
    return json::parse(answer_request(line, controls));
  }
};

TEST(ControlRequest, StatusStopAndExtend) {
  Asked run;
  EXPECT_EQ(run.answer(R"({"op":"status"})")["run_id"].get<std::string>(), "r");
  EXPECT_TRUE(run.answer(R"({"op":"stop"})")["ok"].get<bool>());
  EXPECT_EQ(run.stops, 1);
  EXPECT_EQ(run.answer(R"({"op":"extend","by":20})")["target_generations"].get<int>(), 120);
}

TEST(ControlRequest, WhatIsNoneOfTheseChangesNothingAndIsTold) {
  Asked run;
  for (const char* line :
       {"", "x", "[]", "{}", "null", R"({"op":1})", R"({"op":"halt"})", R"({"op":"extend"})",
        R"({"op":"extend","by":0})", R"({"op":"extend","by":-3})", R"({"op":"extend","by":"9"})",
        R"({"op":"extend","by":1.5})", R"({"op":"extend","by":9223372036854775807})",
        R"({"op":"extend","by":18446744073709551615})", R"({"op":"status")"}) {
    const json answer = run.answer(line);
    ASSERT_TRUE(answer.contains("error")) << line;
  }
  EXPECT_NE(run.answer(R"({"op":"extend","by":0})")["error"].get<std::string>().find("'by'"),
            std::string::npos);
  EXPECT_EQ(run.stops, 0);
  EXPECT_EQ(run.target, 100);
}

}  // namespace
}  // namespace genesis::run
