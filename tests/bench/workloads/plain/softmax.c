// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/softmax.h"

#include <math.h>

void softmax(const float x[50], float out[restrict 50]) {
  float largest = x[0];
  for (int i = 1; i < 50; i++) {
    if (x[i] > largest) largest = x[i];
  }
  float sum = 0.0f;
  for (int i = 0; i < 50; i++) {
    out[i] = expf(x[i] - largest);
    sum += out[i];
  }
  for (int i = 0; i < 50; i++) out[i] /= sum;
}
