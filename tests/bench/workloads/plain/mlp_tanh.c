// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/mlp_tanh.h"

#include <math.h>

#include "tests/bench/workloads/mlp_tanh_weights.h"
#include "tests/bench/workloads/plain/dense.h"

void mlp_tanh(const float x[2], float out[restrict 1]) {
  float first[16], second[16];
  dense(w0, b0, x, first, 2, 16);
  for (int i = 0; i < 16; i++) first[i] = tanhf(first[i]);
  dense(w1, b1, first, second, 16, 16);
  for (int i = 0; i < 16; i++) second[i] = tanhf(second[i]);
  dense(w2, b2, second, out, 16, 1);
}
