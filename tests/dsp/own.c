// SPDX-License-Identifier: Apache-2.0
#include "tests/dsp/own.h"

#include <math.h>

#include "jax_embedded/dsp.h"

struct own_calls own_calls;

static float sum(const float *a, const float *b, uint32_t step, uint32_t terms) {
  double total = 0;
  for (uint32_t i = 0; i < terms; i++) total += (double)a[i] * b[i * step];
  return (float)total;
}

float jxe_dot_f32(const float *a, const float *b, uint32_t terms) {
  own_calls.dot++;
  return sum(a, b, 1, terms);
}

void jxe_matrix_vector_f32(const float *a, const float *x, float *y, uint32_t rows,
                           uint32_t columns) {
  own_calls.matrix_vector++;
  for (uint32_t i = 0; i < rows; i++) y[i] = sum(a + i * columns, x, 1, columns);
}

void jxe_matrix_matrix_f32(const float *a, const float *b, float *c, uint32_t rows, uint32_t terms,
                           uint32_t columns) {
  own_calls.matrix_matrix++;
  for (uint32_t i = 0; i < rows; i++) {
    for (uint32_t j = 0; j < columns; j++) {
      c[i * columns + j] = sum(a + i * terms, b + j, columns, terms);
    }
  }
}

static void transform(float *data, int n, int inverse) {
  static float before[2 * 128];
  static double roots[2 * 128];
  for (int i = 0; i < n; i++) {
    const double angle = (inverse ? 2 : -2) * 3.14159265358979323846 * i / n;
    roots[2 * i] = cos(angle);
    roots[2 * i + 1] = sin(angle);
  }
  for (int i = 0; i < 2 * n; i++) before[i] = data[i];
  for (int k = 0; k < n; k++) {
    double real = 0, imaginary = 0;
    for (int j = 0; j < n; j++) {
      const double *root = roots + 2 * (j * k % n);
      real += before[2 * j] * root[0] - before[2 * j + 1] * root[1];
      imaginary += before[2 * j] * root[1] + before[2 * j + 1] * root[0];
    }
    data[2 * k] = (float)(inverse ? real / n : real);
    data[2 * k + 1] = (float)(inverse ? imaginary / n : imaginary);
  }
  own_calls.fft++;
}

// Those that the functions of the test call.
JXE_FFT_C64(16) { transform(data, 16, inverse); }
JXE_FFT_C64(32) { transform(data, 32, inverse); }
JXE_FFT_C64(64) { transform(data, 64, inverse); }
JXE_FFT_C64(128) { transform(data, 128, inverse); }
