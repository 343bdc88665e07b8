// SPDX-License-Identifier: Apache-2.0
// A vector and a ramp: the sum of i/256 for i = 0..255 is 127.5.
#include <stdio.h>

#include "examples/dot/dot.h"

int main(void) {
  static float x[256], y[256];
  for (int i = 0; i < 256; i++) {
    x[i] = (float)i;
    y[i] = 1.0f / 256.0f;
  }
  printf("dot = %g\n", dot(x, y));
  return 0;
}
