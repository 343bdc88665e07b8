// SPDX-License-Identifier: Apache-2.0
#include "dsp/matrix_functions.h"
#include "jax_embedded/dsp.h"

void jxe_matrix_vector_f32(const float *a, const float *x, float *y, uint32_t rows,
                           uint32_t columns) {
#ifdef ARM_MATH_MVEF
  // With Helium the library multiplies what lies behind a row by 0, which may be nan.
  if (columns % 4) {
    for (uint32_t i = 0; i < rows; i++) y[i] = jxe_dot_f32(a + i * columns, x, columns);
    return;
  }
#endif
  const arm_matrix_instance_f32 matrix = {(uint16_t)rows, (uint16_t)columns, (float *)a};
  arm_mat_vec_mult_f32(&matrix, x, y);
}
