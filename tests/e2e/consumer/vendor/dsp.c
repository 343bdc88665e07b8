// The functions of jax_embedded/dsp.h that this repository's functions call.
#include "jax_embedded/dsp.h"

#include <stdio.h>

float jxe_dot_f32(const float *a, const float *b, uint32_t terms) {
  float sum = 0;
  for (uint32_t i = 0; i < terms; ++i) sum += a[i] * b[i];
  printf("%d products by the vendor: ", (int)terms);
  return sum;
}
