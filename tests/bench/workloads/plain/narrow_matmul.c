// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/narrow_matmul.h"

enum { ROWS = 7, INNER = 9, COLUMNS = 5 };

void narrow_matmul(const float a[ROWS * INNER], const float b[INNER * COLUMNS],
                   float out[restrict ROWS * COLUMNS]) {
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      float sum = 0.0f;
      for (int k = 0; k < INNER; k++) sum += a[i * INNER + k] * b[k * COLUMNS + j];
      out[i * COLUMNS + j] = sum;
    }
  }
}
