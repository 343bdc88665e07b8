// SPDX-License-Identifier: Apache-2.0
// The filter's frequency response: sines in, block by block, and how much of them comes out.
#include <math.h>
#include <stdio.h>

#include "examples/biquad_cascade/biquad_cascade.h"

int main(void) {
  static const float frequencies[] = {250.0f, 500.0f, 800.0f, 1000.0f, 1200.0f, 2000.0f};
  for (int i = 0; i < 6; i++) {
    struct biquad_cascade_state state = {0};
    float power_in = 0.0f, power_out = 0.0f;
    for (int block = 0; block < 40; block++) {
      float samples[32], filtered[32];
      for (int k = 0; k < 32; k++) {
        float cycles = frequencies[i] / 16000.0f * (float)(32 * block + k);
        samples[k] = sinf(6.2831853f * (cycles - floorf(cycles)));
      }
      biquad_cascade(&state, samples, filtered);
      for (int k = 0; k < 32 && block >= 8; k++) {  // once it has settled
        power_in += samples[k] * samples[k];
        power_out += filtered[k] * filtered[k];
      }
    }
    printf("%4.0f Hz: gain %.3f\n", frequencies[i], sqrtf(power_out / power_in));
  }
  return 0;
}
