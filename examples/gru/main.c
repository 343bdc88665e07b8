// SPDX-License-Identifier: Apache-2.0
// Windows of 32 samples, with taps of 1.5 g at up to two places.
#include <stdio.h>

#include "examples/gru/gru.h"

int main(void) {
  static const int taps[][2] = {{5, 10}, {12, 16}, {8, 8}, {4, 24}, {-1, -1}};
  static const char *const names[] = {"none", "one", "double"};
  for (int i = 0; i < 5; i++) {
    float samples[32];
    for (int t = 0; t < 32; t++) {
      samples[t] = t == taps[i][0] || t == taps[i][1] ? 1.5f : t % 2 ? 0.05f : -0.05f;
    }
    float probability[3];
    gru(samples, probability);
    int best = 0;
    for (int k = 1; k < 3; k++) {
      best = probability[k] > probability[best] ? k : best;
    }
    printf("taps at %2d and %2d: %-6s %.2f\n", taps[i][0], taps[i][1], names[best],
           probability[best]);
  }
  return 0;
}
