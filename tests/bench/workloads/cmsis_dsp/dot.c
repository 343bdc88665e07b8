// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/dot.h"

#include "dsp/basic_math_functions.h"

float dot(const float x[256], const float y[256]) {
  float sum;
  arm_dot_prod_f32(x, y, 256, &sum);
  return sum;
}
