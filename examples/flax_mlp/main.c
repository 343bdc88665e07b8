// SPDX-License-Identifier: Apache-2.0
// Probabilities of the four gestures for two measurements.
#include <stdio.h>

#include "examples/flax_mlp/flax_mlp.h"

int main(void) {
  static const float features[2][6] = {{0.1f, -0.2f, 9.8f, 0.0f, 0.1f, 0.0f},
                                       {4.0f, -1.5f, 8.0f, 2.5f, -0.5f, 0.3f}};
  for (int i = 0; i < 2; i++) {
    float p[4];
    flax_mlp(features[i], p);
    printf("%.4f %.4f %.4f %.4f\n", p[0], p[1], p[2], p[3]);
  }
  return 0;
}
