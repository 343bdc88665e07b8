// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/dot.h"

float dot(const float x[256], const float y[256]) {
  float sum = 0.0f;
  for (int i = 0; i < 256; i++) sum += x[i] * y[i];
  return sum;
}
