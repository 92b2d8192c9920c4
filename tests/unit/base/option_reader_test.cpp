#include "genesis/base/option_reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace genesis {
namespace {

using nlohmann::json;

std::string failure(const json& object, const std::function<void(OptionReader&)>& bind) {
  try {
    OptionReader reader(object, "job_config");
    bind(reader);
    reader.finish();
  } catch (const OptionException& e) {
    return e.what();
  }
  return "";
}

TEST(OptionReader, ReadsTypedValuesAndKeepsDefaults) {
  const json object{
      {"time", "00:01:00"}, {"mem", "2G"}, {"cpus", 4}, {"ratio", 0.5}, {"env", {{"A", 1}}}};
  OptionReader reader(object, "job_config");
  std::chrono::milliseconds time{};
  std::uint64_t mem = 0;
  int cpus = 1;
  int untouched = 7;
  double ratio = 0;
  std::map<std::string, std::string> env;
  reader.read("time", time);
  reader.read_bytes("mem", mem);
  reader.read("cpus", cpus);
  reader.read("untouched", untouched);
  reader.read("ratio", ratio);
  reader.read("env", env);
  reader.finish();
  EXPECT_EQ(time.count(), 60'000);
  EXPECT_EQ(mem, 2ull << 30);
  EXPECT_EQ(cpus, 4);
  EXPECT_EQ(untouched, 7);
  EXPECT_EQ(ratio, 0.5);
  EXPECT_EQ(env.at("A"), "1");
}

TEST(OptionReader, NamesTheKeyAndTheNearest) {
  int cpus = 0;
  std::string text;
  const auto bind = [&](OptionReader& reader) {
    reader.read("cpus", cpus);
    reader.read("conda_env", text);
  };
  EXPECT_EQ(failure({{"cpu", 4}}, bind), "job_config.cpu: unknown key, did you mean 'cpus'?");
  EXPECT_EQ(failure({{"cpus", "four"}}, bind),
            "job_config.cpus: expected a whole number, found the text 'four'");
  EXPECT_EQ(failure({{"cpus", 1.5}}, bind), "job_config.cpus: expected a whole number, found 1.5");
  EXPECT_EQ(failure({{"cpus", "???"}}, bind),
            "job_config.cpus: a value must be given (it is marked '?\?\?')");
  EXPECT_EQ(failure({{"conda_env", 3}}, bind),
            "job_config.conda_env: expected text, found 3 (put quotes around it to mean text)");
  EXPECT_EQ(failure({{"cpus", 99999999999}}, bind), "job_config.cpus: 99999999999 is out of range");
}

TEST(OptionReader, OptionalTakesNull) {
  std::optional<int> gpus = 3;
  const json object{{"gpus", nullptr}};
  OptionReader reader(object, "");
  reader.read("gpus", gpus);
  EXPECT_FALSE(gpus.has_value());
}

}  // namespace
}  // namespace genesis
