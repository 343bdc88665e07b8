// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/depthwise.h"

#include "tests/bench/workloads/depthwise_weights.h"

enum { HEIGHT = 12, WIDTH = 12, CHANNELS = 6, ELEMENTS = HEIGHT * WIDTH * CHANNELS };

void depthwise(const float x[ELEMENTS], float out[restrict ELEMENTS]) {
  for (int i = 0; i < HEIGHT; i++) {
    for (int j = 0; j < WIDTH; j++) {
      for (int c = 0; c < CHANNELS; c++) {
        float sum = b[c];
        for (int y = 0; y < 3; y++) {
          const int row = i + y - 1;
          if (row < 0 || row >= HEIGHT) continue;
          for (int z = 0; z < 3; z++) {
            const int column = j + z - 1;
            if (column < 0 || column >= WIDTH) continue;
            sum += x[(row * WIDTH + column) * CHANNELS + c] * w[(y * 3 + z) * CHANNELS + c];
          }
        }
        out[(i * WIDTH + j) * CHANNELS + c] = sum;
      }
    }
  }
}
