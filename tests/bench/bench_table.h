#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace genesis::bench {

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// Half the range between the quartiles, as a part of the median.
inline double spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double low = values[values.size() / 4];
  const double high = values[values.size() * 3 / 4];
  return (high - low) / 2 / median(values);
}

/// Rows of {metric, value, unit, baseline, ratio}, printed as they come and written as JSON.
class Table {
 public:
  void add(const std::string& metric, double value, const std::string& unit, double baseline,
           double ratio, double ratio_spread = 0) {
    std::printf("%-44s %10.1f %-6s  baseline %10.1f  ratio %.3f  spread %.3f\n", metric.c_str(),
                value, unit.c_str(), baseline, ratio, ratio_spread);
    rows_.push_back({{"metric", metric},
                     {"value", value},
                     {"unit", unit},
                     {"baseline", baseline},
                     {"ratio", ratio},
                     {"spread", ratio_spread}});
  }
  void write(const std::string& path) const { std::ofstream(path) << rows_.dump(2) << '\n'; }

 private:
  nlohmann::json rows_ = nlohmann::json::array();
};

}  // namespace genesis::bench
