// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/matvec.h"

void matvec(const float a[4096], const float b[64], float out[restrict 64]) {
  for (int i = 0; i < 64; i++) {
    float sum = 0.0f;
#ifdef IN_PARTS
    for (int k = 0; k < 64; k += 16) {
      float part = 0.0f;
      for (int j = k; j < k + 16; j++) part += a[i * 64 + j] * b[j];
      sum += part;
    }
#else
    for (int k = 0; k < 64; k++) sum += a[i * 64 + k] * b[k];
#endif
    out[i] = sum;
  }
}
