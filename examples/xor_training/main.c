// SPDX-License-Identifier: Apache-2.0
// Learns the exclusive or. Returns 0 if it has.
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "examples/xor_training/xor_predict.h"
#include "examples/xor_training/xor_training.h"

static float random_number(void) {
  static uint32_t random = 1;
  random = random * 1664525u + 1013904223u;
  return (float)(random >> 8) / 8388608.0f - 1.0f;
}

int main(void) {
  static const float x[4 * 2] = {0, 0, 0, 1, 1, 0, 1, 1}, y[4] = {0, 1, 1, 0};
  // Different numbers, or all hidden units would learn the same.
  static struct xor_training_params params;
  for (int i = 0; i < 16; i++) params.w1[i] = 2.0f * random_number();
  for (int i = 0; i < 8; i++) params.b1[i] = random_number();
  for (int step = 0; step <= 200; step++) {
    float loss = xor_training(&params, x, y);
    if (step % 25 == 0) printf("step %3d: loss %.4f\n", step, loss);
  }
  int wrong = 0;
  for (int i = 0; i < 4; i++) {
    float learnt = xor_predict(params.b1, params.b2, params.w1, params.w2, &x[2 * i]);
    printf("%.0f xor %.0f: %.2f\n", x[2 * i], x[2 * i + 1], learnt);
    wrong += !(fabsf(learnt - y[i]) < 0.1f);
  }
  return wrong;
}
