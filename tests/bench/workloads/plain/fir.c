// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/fir.h"

void fir(const float taps[32], const float x[159], float out[restrict 128]) {
  for (int n = 0; n < 128; n++) {
    float sum = 0.0f;
#ifdef IN_PARTS
    for (int k = 0; k < 32; k += 16) {
      float part = 0.0f;
      for (int i = k; i < k + 16; i++) part += taps[i] * x[31 + n - i];
      sum += part;
    }
#else
    for (int k = 0; k < 32; k++) sum += taps[k] * x[31 + n - k];
#endif
    out[n] = sum;
  }
}
