// SPDX-License-Identifier: Apache-2.0
// Fully connected layers.
#ifndef JAX_EMBEDDED_DENSE_H_
#define JAX_EMBEDDED_DENSE_H_

// w: row-major, a row for each output.
static inline void dense(const float *w, const float *b, const float *x, float *restrict y,
                         int inputs, int outputs) {
  for (int o = 0; o < outputs; o++) {
    float sum = b[o];
    for (int i = 0; i < inputs; i++) sum += w[o * inputs + i] * x[i];
    y[o] = sum;
  }
}

static inline void relu(float *x, int count) {
  for (int i = 0; i < count; i++) {
    if (x[i] < 0.0f) x[i] = 0.0f;
  }
}

#endif  // JAX_EMBEDDED_DENSE_H_
