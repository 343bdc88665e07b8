// SPDX-License-Identifier: Apache-2.0
// The same network twice: with its weights as arguments, and with its weights inside.
#include <math.h>
#include <stdio.h>

#include "examples/mlp/mlp.h"
#include "examples/mlp/mlp_baked.h"
#include "examples/mlp/params.h"

int main(void) {
  for (int i = 0; i <= 6; i++) {
    float x = (float)i;
    // The caller owns the weights: they may come from anywhere, and change.
    float y[2], baked[2];
    mlp(b0, w0, b1, w1, b2, w2, x, y);
    mlp_baked(x, baked);
    printf("%g: sine %6.3f, learnt %6.3f and %6.3f; cosine %6.3f, learnt %6.3f and %6.3f\n", x,
           sinf(x), y[0], baked[0], cosf(x), y[1], baked[1]);
  }
  return 0;
}
