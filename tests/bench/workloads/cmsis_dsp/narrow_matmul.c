// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/narrow_matmul.h"

#include "dsp/matrix_functions.h"

enum { ROWS = 7, INNER = 9, COLUMNS = 5 };

void narrow_matmul(const float a[ROWS * INNER], const float b[INNER * COLUMNS],
                   float out[restrict ROWS * COLUMNS]) {
  const arm_matrix_instance_f32 left = {ROWS, INNER, (float *)a};
  const arm_matrix_instance_f32 right = {INNER, COLUMNS, (float *)b};
  arm_matrix_instance_f32 product = {ROWS, COLUMNS, out};
  arm_mat_mult_f32(&left, &right, &product);
}
