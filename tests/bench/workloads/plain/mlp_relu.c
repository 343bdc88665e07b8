// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/mlp_relu.h"

#include "tests/bench/workloads/mlp_relu_weights.h"
#include "tests/bench/workloads/plain/dense.h"

void mlp_relu(const float x[64], float out[restrict 10]) {
  float hidden[64];
  dense(w0, b0, x, hidden, 64, 64);
  relu(hidden, 64);
  dense(w1, b1, hidden, out, 64, 10);
}
