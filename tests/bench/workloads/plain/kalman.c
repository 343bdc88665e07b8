// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/kalman.h"

static void multiply(const float *a, const float *b, float *restrict out, int rows, int inner,
                     int columns) {
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++) {
      float sum = 0.0f;
      for (int k = 0; k < inner; k++) sum += a[i * inner + k] * b[k * columns + j];
      out[i * columns + j] = sum;
    }
  }
}

// By the transpose of b.
static void multiply_transposed(const float *a, const float *b, float *restrict out, int rows,
                                int inner, int columns) {
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++) {
      float sum = 0.0f;
      for (int k = 0; k < inner; k++) sum += a[i * inner + k] * b[j * inner + k];
      out[i * columns + j] = sum;
    }
  }
}

void kalman(const float x[4], const float p[16], const float z[2], const float f[16],
            const float h[8], const float q[16], const float r[4], float x_next[restrict 4],
            float p_next[restrict 16]) {
  float predicted[4], fp[16], fpf[16], residual[2], pht[8], s[4], gain[8], rest[16];
  multiply(f, x, predicted, 4, 4, 1);
  multiply(f, p, fp, 4, 4, 4);
  multiply_transposed(fp, f, fpf, 4, 4, 4);
  for (int i = 0; i < 16; i++) fpf[i] += q[i];
  multiply(h, predicted, residual, 2, 4, 1);
  for (int i = 0; i < 2; i++) residual[i] = z[i] - residual[i];
  multiply_transposed(fpf, h, pht, 4, 4, 2);
  multiply(h, pht, s, 2, 4, 2);
  for (int i = 0; i < 4; i++) s[i] += r[i];
  const float scale = 1.0f / (s[0] * s[3] - s[1] * s[2]);
  const float inverse[4] = {s[3] * scale, -s[1] * scale, -s[2] * scale, s[0] * scale};
  multiply(pht, inverse, gain, 4, 2, 2);
  multiply(gain, residual, x_next, 4, 2, 1);
  for (int i = 0; i < 4; i++) x_next[i] += predicted[i];
  multiply(gain, h, rest, 4, 2, 4);
  for (int i = 0; i < 16; i++) rest[i] = -rest[i];
  for (int i = 0; i < 4; i++) rest[i * 5] += 1.0f;
  multiply(rest, fpf, p_next, 4, 4, 4);
}
