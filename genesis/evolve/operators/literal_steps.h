#pragma once

#include <optional>
#include <string>

#include "genesis/base/rng.h"
#include "genesis/evolve/operators/literal_sites.h"

namespace genesis::evolve {

/// How far a number is moved. The width is drawn log-uniformly over four decades, which makes the
/// step heavy-tailed: fine tuning and leaps come from one distribution and no schedule is needed
/// (compare the "fast" mutations of Yao, Liu, Lin: Evolutionary programming made faster, IEEE TEC
/// 3(2), 1999).
double draw_width(RandomStream& random);

/// A Gaussian step of that width, relative to the value or to `typical`; sometimes rounded to a few
/// digits. Finite.
double gaussian_step(double value, double width, double typical, RandomStream& random);
/// A step on the logarithmic scale; sometimes a factor of 2 or 10, seldom the sign.
double logarithmic_step(double value, RandomStream& random);
/// Mostly ±1; sometimes a longer step or a draw below twice the value. Not negative when `value`
/// is not; never equal to `value`.
std::int64_t integer_step(std::int64_t value, RandomStream& random);

/// A new text for the site by the step that fits its kind.
std::string perturbed_text(const LiteralSite& site, double width, double typical,
                           RandomStream& random);

}  // namespace genesis::evolve
