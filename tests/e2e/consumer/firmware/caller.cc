#include <stdint.h>
#include <stdio.h>

#include "app/smoothing.h"
#include "firmware/calibration.h"

namespace {

// A constructor that has to run before main.
struct Sensor {
  int32_t counts[4];
  explicit Sensor(int32_t first) {
    for (int32_t &count : counts) count = first++ * 16;
  }
};

Sensor sensor(700);

}  // namespace

int main() {
  float mean, peak, largest, volts[4];
  calibration(sensor.counts, &mean, &peak);
  const float raw[6] = {0, 1000, 2000, 3000, 4000, 5000};
  smooth(raw, &largest, volts);
  printf("mean %g peak %g, smoothed %g\n", mean, peak, largest);
  return mean == 661.5f && peak == 663.0f && largest == 8.0f ? 0 : 1;
}
