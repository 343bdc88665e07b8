// SPDX-License-Identifier: Apache-2.0
// A robot drives in a figure of eight; its wheels slip, its distances to three beacons are noisy.
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "examples/ekf/ekf.h"

static float noise(float most) {
  static uint32_t random = 1;
  random = random * 1664525u + 1013904223u;
  return most * ((float)(random >> 8) / 8388608.0f - 1.0f);
}

int main(void) {
  static const float beacons[3][2] = {{0.0f, 0.0f}, {8.0f, 0.0f}, {4.0f, 6.0f}};  // as in ekf.py
  float x = 4.0f, y = 2.5f, heading = 0.0f;                                       // the truth
  // The filter begins a metre off, and knows neither that nor its heading well.
  struct ekf_state state = {{3.2f, 1.9f, 0.5f}, {1.0f, 0, 0, 0, 1.0f, 0, 0, 0, 0.5f}};
  for (int i = 1; i <= 200; i++) {
    float speed = 0.5f, yaw_rate = i <= 100 ? 0.6f : -0.5f;
    x += 0.1f * speed * cosf(heading);
    y += 0.1f * speed * sinf(heading);
    heading += 0.1f * yaw_rate;

    float odometry[2] = {speed + noise(0.1f), yaw_rate + noise(0.1f)}, distances[3];
    for (int k = 0; k < 3; k++) {
      distances[k] = hypotf(x - beacons[k][0], y - beacons[k][1]) + noise(0.2f);
    }
    ekf(&state, odometry, distances);

    if (i % 25 == 0) {
      printf("%4.1f s: at %.2f %.2f, heading %5.2f; estimated %.2f %.2f, heading %5.2f\n", 0.1 * i,
             x, y, heading, state.pose[0], state.pose[1], state.pose[2]);
    }
  }
  return 0;
}
