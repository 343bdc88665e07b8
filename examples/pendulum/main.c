// SPDX-License-Identifier: Apache-2.0
// A swing of three seconds, its angle measured with an error of up to 0.3 rad.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "examples/pendulum/pendulum.h"

int main(void) {
  // The filter knows nothing: still, but with a large covariance. Outputs must not overlap inputs.
  float state[2] = {0.0f, 0.0f}, covariance[4] = {1.0f, 0.0f, 0.0f, 1.0f};
  float next_state[2], next_covariance[4];
  float angle = 1.0f, speed = 0.0f;  // the truth
  uint32_t random = 1;
  for (int i = 1; i <= 300; i++) {
    speed += 0.01f * (-19.62f * sinf(angle) - 0.2f * speed);
    angle += 0.01f * speed;
    random = random * 1664525u + 1013904223u;
    float noise = 0.6f * ((float)(random >> 8) / 16777216.0f - 0.5f);

    pendulum(state, covariance, 0.0f, angle + noise, next_state, next_covariance);
    memcpy(state, next_state, sizeof state);
    memcpy(covariance, next_covariance, sizeof covariance);

    if (i % 50 == 0) {
      printf("%.1f s: angle %5.2f, measured %5.2f, estimated %5.2f; speed %5.2f, estimated %5.2f\n",
             i * 0.01, angle, angle + noise, state[0], speed, state[1]);
    }
  }
  return 0;
}
