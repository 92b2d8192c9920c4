#pragma once

#include <string>
#include <vector>

namespace genesis::bench {

struct CurvePoint {
  double programs = 0;
  double micros = 0;
};

struct Curve {
  std::string name;
  std::string color;  ///< As SVG writes it.
  std::vector<CurvePoint> points;
};

/// A picture (SVG) of microseconds against the number of programs: a logarithmic x axis, a y axis
/// from zero, and a dashed line at twice the first point of each curve.
std::string draw_cost_curves(const std::string& title, const std::vector<Curve>& curves);

}  // namespace genesis::bench
