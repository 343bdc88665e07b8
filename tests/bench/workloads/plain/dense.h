// SPDX-License-Identifier: Apache-2.0
// Fully connected layers.
#ifndef JAX_EMBEDDED_DENSE_H_
#define JAX_EMBEDDED_DENSE_H_

#ifdef CMSIS_DSP
#include "dsp/basic_math_functions.h"
#include "dsp/matrix_functions.h"
#endif

// w: row-major, a row for each output.
static inline void dense(const float *w, const float *b, const float *x, float *restrict y,
                         int inputs, int outputs) {
#ifdef CMSIS_DSP
  const arm_matrix_instance_f32 matrix = {outputs, inputs, (float *)w};
  arm_mat_vec_mult_f32(&matrix, x, y);
  arm_add_f32(y, b, y, outputs);
#else
  for (int o = 0; o < outputs; o++) {
    float sum = b[o];
#ifdef IN_PARTS
    const int most = inputs < 16 ? inputs : 16;
    for (int k = 0; k < inputs; k += most) {
      float part = 0.0f;
      for (int i = k; i < k + most; i++) part += w[o * inputs + i] * x[i];
      sum += part;
    }
#else
    for (int i = 0; i < inputs; i++) sum += w[o * inputs + i] * x[i];
#endif
    y[o] = sum;
  }
#endif
}

static inline void relu(float *x, int count) {
  for (int i = 0; i < count; i++) {
    if (x[i] < 0.0f) x[i] = 0.0f;
  }
}

#endif  // JAX_EMBEDDED_DENSE_H_
