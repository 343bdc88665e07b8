// SPDX-License-Identifier: Apache-2.0
// A body turns for 20 seconds; its gyroscope drifts by 0.05 rad/s. The filter begins 57 degrees
// off.
#include <math.h>
#include <stdio.h>

#include "examples/madgwick/madgwick.h"

static const float STEP = 0.01f;

// A vector of the earth in the axes of the body.
static void turned(const float q[4], const float v[3], float out[3]) {
  float w = q[0], x = q[1], y = q[2], z = q[3];
  float t[3] = {2 * (v[1] * z - v[2] * y), 2 * (v[2] * x - v[0] * z), 2 * (v[0] * y - v[1] * x)};
  out[0] = v[0] + w * t[0] + t[1] * z - t[2] * y;
  out[1] = v[1] + w * t[1] + t[2] * x - t[0] * z;
  out[2] = v[2] + w * t[2] + t[0] * y - t[1] * x;
}

// Of an attitude in degrees: roll, pitch, yaw.
static void print_angles(const char *name, const float q[4]) {
  float w = q[0], x = q[1], y = q[2], z = q[3], degrees = 57.29578f;
  printf("%s %4.0f %4.0f %4.0f", name, degrees * atan2f(w * x + y * z, 0.5f - x * x - y * y),
         degrees * asinf(2 * (w * y - z * x)),
         degrees * atan2f(w * z + x * y, 0.5f - y * y - z * z));
}

int main(void) {
  static const float up[3] = {0.0f, 0.0f, 9.81f}, field[3] = {20.0f, 0.0f, -45.0f};
  float truth[4] = {1.0f, 0.0f, 0.0f, 0.0f};
  struct madgwick_state state = {.q = {0.88f, 0.0f, 0.475f, 0.0f}};
  for (int i = 0; i <= 2000; i++) {
    float time = STEP * (float)i;
    float w[3] = {sinf(time), 0.5f * sinf(1.7f * time), sinf(0.6f * time)};
    float q[4];
    for (int k = 0; k < 4; k++) q[k] = truth[k];
    truth[0] += 0.5f * STEP * (-q[1] * w[0] - q[2] * w[1] - q[3] * w[2]);
    truth[1] += 0.5f * STEP * (q[0] * w[0] + q[2] * w[2] - q[3] * w[1]);
    truth[2] += 0.5f * STEP * (q[0] * w[1] - q[1] * w[2] + q[3] * w[0]);
    truth[3] += 0.5f * STEP * (q[0] * w[2] + q[1] * w[1] - q[2] * w[0]);
    float length = sqrtf(truth[0] * truth[0] + truth[1] * truth[1] + truth[2] * truth[2] +
                         truth[3] * truth[3]);
    for (int k = 0; k < 4; k++) truth[k] /= length;

    float gyroscope[3] = {w[0] + 0.05f, w[1] + 0.05f, w[2] + 0.05f};
    float accelerometer[3], magnetometer[3];
    turned(truth, up, accelerometer);
    turned(truth, field, magnetometer);
    madgwick(&state, gyroscope, accelerometer, magnetometer);

    if (i % 250 == 0) {
      printf("%4.1f s: ", time);
      print_angles("roll, pitch, yaw", truth);
      print_angles("; estimated", state.q);
      printf("\n");
    }
  }
  return 0;
}
