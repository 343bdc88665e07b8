// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/dot.h"

float dot(const float x[256], const float y[256]) {
  float sum = 0.0f;
#ifdef IN_PARTS
  for (int k = 0; k < 256; k += 16) {
    float part = 0.0f;
    for (int i = k; i < k + 16; i++) part += x[i] * y[i];
    sum += part;
  }
#else
  for (int i = 0; i < 256; i++) sum += x[i] * y[i];
#endif
  return sum;
}
