// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

float measured_loop(const float *x, const float *weights, size_t n);

float measured_loop(const float *x, const float *weights, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; i++) sum += weights[i] * x[i];
  return sum;
}
