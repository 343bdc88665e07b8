// SPDX-License-Identifier: Apache-2.0
#include "dsp/basic_math_functions.h"
#include "jax_embedded/dsp.h"

float jxe_dot_f32(const float *a, const float *b, uint32_t terms) {
  float sum;
#ifdef ARM_MATH_MVEF
  // With Helium the library loads whole vectors, beyond the end of the arrays.
  const uint32_t whole = terms & ~3u;
  arm_dot_prod_f32(a, b, whole, &sum);
  for (uint32_t i = whole; i < terms; i++) sum += a[i] * b[i];
#else
  arm_dot_prod_f32(a, b, terms, &sum);
#endif
  return sum;
}
