// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>

int32_t measured_loop(const int8_t *x, const int8_t *weights, size_t n);

int32_t measured_loop(const int8_t *x, const int8_t *weights, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += weights[i] * x[i];
  return sum;
}
