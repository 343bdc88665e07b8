// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/quadratic.h"

#include <math.h>

void quadratic(float a, float b, float c, float *restrict plus, float *restrict minus) {
  const float root = sqrtf(b * b - 4.0f * a * c);
  *plus = (-b + root) / (2.0f * a);
  *minus = (-b - root) / (2.0f * a);
}
