#include "sample_programs.h"

namespace genesis::evolve {
namespace {

constexpr std::string_view kPython = R"sample(import math
LIMIT = 99.5  # 1.25 stays

# EVOLVE-BLOCK-START
def shape(values, gain=0.75, count=12):
    """Text with 3.5 and 7 in it."""
    total = 0.0
    steps = 1_000
    names = ['a1', "b2.5", f"{gain:.3f} 9", r"\d+ 4"]
    for i in range(count):
        if i % 2 == 0 and gain > 0.1:
            total += values[i] * 0.5 - 1e-3
        elif i >= 7:
            total -= (gain + 2.5e2) / 3
        else:
            pass
    flag = True
    while total > 100.0:
        total *= 0.9
        break
    items = [
        0.125,
        -0.5,
        0x1F,
    ]
    return total, steps, names, flag, items
# EVOLVE-BLOCK-END


def main():
    return shape([1.5] * 12)
)sample";

constexpr std::string_view kCpp = R"sample(#include <vector>
// EVOLVE-BLOCK-START
#define SIZE 64
double shape(const std::vector<double>& values, double gain) {
  double total = 0.5f;
  unsigned long n = 100UL;
  /* 3.5 */
  for (int i = 0; i < 12; ++i) {
    if (i % 2 == 0 && gain > 0.1) {
      total += values[i] * 0.25 - 1e-3;
    } else {
      total -= 1'000.5;
    }
    total = total * 0.99;
  }
  const char* s = R"(9.5 ")";
  bool flag = true;
  if (flag) total = 2.0;
  total = total + 3.0;
  return total + n + s[0] + '\'';
}
// EVOLVE-BLOCK-END
int main() { return 42; }
)sample";

constexpr std::string_view kRust = R"sample(// EVOLVE-BLOCK-START
fn shape<'a>(values: &'a [f64], gain: f64) -> f64 {
    let mut total = 0.5_f64;
    let pair = (1.5, 2usize);
    for i in 0..12 {
        if i % 2 == 0 && gain > 0.1 {
            total += values[i] * 0.25f64 - 1e-3;
        } else {
            total -= pair.0 * 1_000.5;
        }
        total = total.max(1.0).min(2.5e3);
    }
    total = total * 0.99;
    let c = 'x';
    let s = r#"7.5 " "#;
    if c == '\'' { total += s.len() as f64; }
    total + 1.0
}
// EVOLVE-BLOCK-END
fn main() { println!("{}", shape(&[0.0; 12], 3.25)); }
)sample";

constexpr std::string_view kGo = R"sample(package main
// EVOLVE-BLOCK-START
func shape(values []float64, gain float64) float64 {
	total := 0.5
	for i := 0; i < 12; i++ {
		if i%2 == 0 && gain > 0.1 {
			total += values[i] * 0.25
			total -= 1e-3
		} else {
			total = total - 1_000.5
		}
	}
	s := `raw 4.5
	text`
	total = total * 0.99
	total += float64(len(s))
	return total
}
// EVOLVE-BLOCK-END
func main() {}
)sample";

constexpr std::string_view kJava = R"sample(class Main {
  // EVOLVE-BLOCK-START
  static double shape(double[] values, double gain) {
    double total = 0.5d;
    long n = 100L;
    for (int i = 0; i < 12; i++) {
      if (i % 2 == 0 && gain > 0.1) {
        total += values[i] * 0.25 - 1e-3;
      } else {
        total -= 1_000.5f;
      }
      total = total * 0.99;
    }
    String s = "9.5 \" 3";
    total = total + s.length();
    return total + n;
  }
  // EVOLVE-BLOCK-END
}
)sample";

constexpr std::string_view kJavaScript = R"sample(// EVOLVE-BLOCK-START
function shape(values, gain) {
  let total = 0.5;
  const re = /[/"]7.5/g;
  for (let i = 0; i < 12; i++) {
    if (i % 2 === 0 && gain > 0.1) {
      total += values[i] * 0.25 - 1e-3;
    } else {
      total -= 1_000.5;
    }
    total = total * 0.99;
  }
  const s = `t ${total / 2} 8.5 ${`n ${3}`}`;
  total = total / 4 / 2.5;
  total = total + s.length + 10n.toString().length;
  return total;
}
// EVOLVE-BLOCK-END
console.log(shape([], 6.25));
)sample";

constexpr std::string_view kJulia = R"sample(# EVOLVE-BLOCK-START
function shape(values, gain)
    total = 0.5
    single = 1.5f0
    #= 3.5 #= 4.5 =# =#
    for i in 1:12
        if i % 2 == 0 && gain > 0.1
            total += values[end] * 0.25 - 1e-3
            total = total * 0.99
        else
            total -= 2single
        end
    end
    s = "text $(1 + 2) 9.5"
    m = values' .* 2.0
    c = 'x'
    total = total + length(s) + sum(m)
    total += 1
    return total
end
# EVOLVE-BLOCK-END
println(shape(ones(12), 3.25))
)sample";

constexpr std::string_view kFortran = R"sample(program main
! EVOLVE-BLOCK-START
real(8) function shape(values, gain)
  real(8), intent(in) :: values(12), gain
  integer :: i
  shape = 0.5d0
  do i = 1, 12
    if (mod(i, 2) == 0 .and. gain > 0.1) then
      shape = shape + values(i) * 0.25_8 &
              - 1.0d-3
      shape = shape * 0.99
    else
      shape = shape - 1000.5
    end if
  end do
  if (gain.lt.1.) shape = 2.0
  shape = shape + len('it''s 9.5')
  shape = shape ** 2
end function
! EVOLVE-BLOCK-END
end program
)sample";

constexpr std::string_view kYaml = R"sample(name: "v1.5"  # 2.5
# EVOLVE-BLOCK-START
rate: 0.25
count: 12
text: "3.5"
# EVOLVE-BLOCK-END
last: 7
)sample";

constexpr std::string_view kSwift = R"sample(// EVOLVE-BLOCK-START
func shape(_ x: Double) -> Double {
    // 9.5
    let text = "4.5"
    return x * 0.25 + Double(text.count) * 3
}
// EVOLVE-BLOCK-END
)sample";

}  // namespace

const std::vector<Sample>& code_samples() {
  static const std::vector<Sample> samples{{"python", kPython},
                                           {"cpp", kCpp},
                                           {"c", kCpp},
                                           {"rust", kRust},
                                           {"go", kGo},
                                           {"java", kJava},
                                           {"javascript", kJavaScript},
                                           {"julia", kJulia},
                                           {"fortran", kFortran}};
  return samples;
}

const std::vector<Sample>& literal_only_samples() {
  static const std::vector<Sample> samples{{"yaml", kYaml}, {"swift", kSwift}};
  return samples;
}

}  // namespace genesis::evolve
