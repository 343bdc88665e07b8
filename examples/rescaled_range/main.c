// SPDX-License-Identifier: Apache-2.0
// The rescaled range of noise and of a ramp: the ramp drifts further.
#include <stdint.h>
#include <stdio.h>

#include "examples/rescaled_range/rescaled_range.h"

int main(void) {
  static float noise[128], ramp[128];
  uint32_t state = 1;
  for (int i = 0; i < 128; i++) {
    state = state * 1664525u + 1013904223u;
    noise[i] = (float)(state >> 8) / 16777216.0f;
    ramp[i] = (float)i;
  }
  printf("noise: %.4f\n", rescaled_range(noise));
  printf("ramp:  %.4f\n", rescaled_range(ramp));
  printf("workspace: %d bytes\n", RESCALED_RANGE_WORKSPACE_BYTES);
  return 0;
}
