// SPDX-License-Identifier: Apache-2.0
#include "dsp/matrix_functions.h"
#include "jax_embedded/dsp.h"

void jxe_matrix_matrix_f32(const float *a, const float *b, float *c, uint32_t rows, uint32_t terms,
                           uint32_t columns) {
  const arm_matrix_instance_f32 left = {(uint16_t)rows, (uint16_t)terms, (float *)a};
  const arm_matrix_instance_f32 right = {(uint16_t)terms, (uint16_t)columns, (float *)b};
  arm_matrix_instance_f32 product = {(uint16_t)rows, (uint16_t)columns, c};
  arm_mat_mult_f32(&left, &right, &product);
}
