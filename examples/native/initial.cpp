// Approximates 2^x for x in [0, 1] with arithmetic alone: no headers, no library calls.

// EVOLVE-BLOCK-START
static double approximate(double x) {
  const double a = 1.0;
  const double b = 0.7;
  const double c = 0.2;
  const double d = 0.1;
  return a + x * (b + x * (c + x * d));
}
// EVOLVE-BLOCK-END

extern "C" double candidate(double x) {
  return approximate(x);
}
