#include "tests/bench/cost_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace genesis::bench {
namespace {

constexpr double kWidth = 720, kHeight = 420;
constexpr double kLeft = 70, kRight = 20, kTop = 50, kBottom = 60;

/// Where values lie on the picture.
struct Scale {
  double low_decade = 0, high_decade = 0, highest = 0;

  double x(double programs) const {
    const double part = (std::log10(programs) - low_decade) / (high_decade - low_decade);
    return kLeft + part * (kWidth - kLeft - kRight);
  }
  double y(double micros) const {
    return kHeight - kBottom - micros / highest * (kHeight - kTop - kBottom);
  }
};

/// The next of 1, 2, 5, 10, 20, 50, … that divides `range` into at most six.
double step_for(double range) {
  double step = 1;
  for (int i = 0; range / step > 6; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  return step;
}

Scale scale_for(const std::vector<Curve>& curves) {
  double first = 1e300, last = 0, highest = 0;
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve.points) {
      first = std::min(first, point.programs);
      last = std::max(last, point.programs);
      highest = std::max(highest, point.micros);
    }
    if (!curve.points.empty()) highest = std::max(highest, 2.2 * curve.points.front().micros);
  }
  const double low = std::floor(std::log10(first) + 1e-9);
  const double high = std::max(low + 1, std::ceil(std::log10(last) - 0.05));
  const double step = step_for(highest);
  return {low, high, std::ceil(highest / step) * step};
}

void text(std::string& svg, double x, double y, const char* anchor, const std::string& words) {
  fmt::format_to(std::back_inserter(svg),
                 "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                 words);
}

void axes(std::string& svg, const Scale& scale) {
  const auto line = [&](double x1, double y1, double x2, double y2, const char* color) {
    fmt::format_to(std::back_inserter(svg),
                   "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" "
                   "stroke=\"{}\"/>\n",
                   x1, y1, x2, y2, color);
  };
  for (double micros = 0; micros <= scale.highest; micros += step_for(scale.highest)) {
    line(kLeft, scale.y(micros), kWidth - kRight, scale.y(micros), "#ddd");
    text(svg, kLeft - 8, scale.y(micros) + 4, "end", fmt::format("{:g}", micros));
  }
  for (double decade = scale.low_decade; decade <= scale.high_decade; ++decade) {
    const double x = scale.x(std::pow(10, decade));
    line(x, kTop, x, kHeight - kBottom, "#ddd");
    text(svg, x, kHeight - kBottom + 18, "middle", fmt::format("{:.0f}", std::pow(10, decade)));
  }
  line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "#333");
  line(kLeft, kTop, kLeft, kHeight - kBottom, "#333");
  text(svg, (kLeft + kWidth - kRight) / 2, kHeight - 15, "middle",
       "programs in the run (logarithmic)");
  fmt::format_to(std::back_inserter(svg),
                 "<text transform=\"translate(18 {:.1f}) rotate(-90)\" text-anchor=\"middle\">"
                 "microseconds per proposal</text>\n",
                 (kTop + kHeight - kBottom) / 2);
}

void draw(std::string& svg, const Scale& scale, const Curve& curve, double legend_y) {
  std::string path;
  for (const CurvePoint& point : curve.points) {
    const double x = scale.x(point.programs), y = scale.y(point.micros);
    fmt::format_to(std::back_inserter(path), "{:.1f},{:.1f} ", x, y);
    fmt::format_to(std::back_inserter(svg),
                   "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n", x, y,
                   curve.color);
    text(svg, x, y - 8, "middle", fmt::format("{:.0f}", point.micros));
  }
  fmt::format_to(std::back_inserter(svg),
                 "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n"
                 "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"4\" fill=\"{}\"/>\n",
                 path, curve.color, kLeft + 12, legend_y - 6, curve.color);
  text(svg, kLeft + 32, legend_y, "start", curve.name);
}

}  // namespace

std::string draw_cost_curves(const std::string& title, const std::vector<Curve>& curves) {
  const Scale scale = scale_for(curves);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, kHeight);
  text(svg, kWidth / 2, 24, "middle", title);
  axes(svg, scale);
  double legend_y = kTop + 14;
  for (const Curve& curve : curves) {
    if (curve.points.empty()) continue;
    const double limit = scale.y(2 * curve.points.front().micros);
    fmt::format_to(std::back_inserter(svg),
                   "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
                   "stroke-dasharray=\"5 5\"/>\n",
                   kLeft, limit, kWidth - kRight, limit, curve.color);
    draw(svg, scale, curve, legend_y);
    legend_y += 18;
  }
  text(svg, kLeft + 32, legend_y, "start", "dashed: twice the first point");
  return svg + "</svg>\n";
}

}  // namespace genesis::bench
