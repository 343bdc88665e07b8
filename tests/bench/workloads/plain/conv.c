// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/conv.h"

#include "tests/bench/workloads/conv_weights.h"

enum { HEIGHT = 16, WIDTH = 16, INPUTS = 8, OUTPUTS = 8 };

void conv(const float x[HEIGHT * WIDTH * INPUTS], float out[restrict HEIGHT * WIDTH * OUTPUTS]) {
  for (int i = 0; i < HEIGHT; i++) {
    for (int j = 0; j < WIDTH; j++) {
      for (int o = 0; o < OUTPUTS; o++) {
        float sum = b[o];
        for (int y = 0; y < 3; y++) {
          const int row = i + y - 1;
          if (row < 0 || row >= HEIGHT) continue;
          for (int z = 0; z < 3; z++) {
            const int column = j + z - 1;
            if (column < 0 || column >= WIDTH) continue;
#ifdef IN_PARTS
            float part = 0.0f;
            for (int c = 0; c < INPUTS; c++) {
              part += x[(row * WIDTH + column) * INPUTS + c] *
                      w[((y * 3 + z) * INPUTS + c) * OUTPUTS + o];
            }
            sum += part;
#else
            for (int c = 0; c < INPUTS; c++) {
              sum += x[(row * WIDTH + column) * INPUTS + c] *
                     w[((y * 3 + z) * INPUTS + c) * OUTPUTS + o];
            }
#endif
          }
        }
        out[(i * WIDTH + j) * OUTPUTS + o] = sum > 0.0f ? sum : 0.0f;
      }
    }
  }
}
