// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/workloads/matvec.h"

#include "dsp/matrix_functions.h"

void matvec(const float a[4096], const float b[64], float out[restrict 64]) {
  const arm_matrix_instance_f32 matrix = {64, 64, (float *)a};
  arm_mat_vec_mult_f32(&matrix, b, out);
}
