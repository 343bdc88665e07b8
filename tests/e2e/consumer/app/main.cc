#include <cstdio>

#include "app/smoothing.h"

int main() {
  const float raw[6] = {0, 1000, 2000, 3000, 4000, 5000};
  float peak, volts[4];
  smooth(raw, &peak, volts);
  std::printf("%g %g %g %g peak %g\n", volts[0], volts[1], volts[2], volts[3], peak);
}
