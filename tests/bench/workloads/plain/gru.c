// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/gru.h"

#include <math.h>

#include "tests/bench/workloads/gru_weights.h"
#include "tests/bench/workloads/plain/dense.h"

enum { HIDDEN = 16, INPUTS = 8 };

static float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

void gru(const float h[HIDDEN], const float x[INPUTS], float out[restrict HIDDEN]) {
  float of_input[3 * HIDDEN], of_state[3 * HIDDEN];
  dense(w, b, x, of_input, INPUTS, 3 * HIDDEN);
  dense(u, c, h, of_state, HIDDEN, 3 * HIDDEN);
  for (int i = 0; i < HIDDEN; i++) {
    const float update = sigmoid(of_input[i] + of_state[i]);
    const float reset = sigmoid(of_input[HIDDEN + i] + of_state[HIDDEN + i]);
    const float candidate = tanhf(of_input[2 * HIDDEN + i] + reset * of_state[2 * HIDDEN + i]);
    out[i] = (1.0f - update) * candidate + update * h[i];
  }
}
