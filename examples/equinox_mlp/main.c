// SPDX-License-Identifier: Apache-2.0
// Probabilities of the three classes for two measurements.
#include <stdio.h>

#include "examples/equinox_mlp/equinox_mlp.h"

int main(void) {
  static const float measured[2][4] = {{5.1f, 3.5f, 1.4f, 0.2f}, {6.3f, 3.3f, 6.0f, 2.5f}};
  for (int i = 0; i < 2; i++) {
    float p[3];
    equinox_mlp(measured[i], p);
    printf("%.4f %.4f %.4f\n", p[0], p[1], p[2]);
  }
  return 0;
}
