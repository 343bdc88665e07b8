// SPDX-License-Identifier: Apache-2.0
// A digit, and what the network sees with each kind of weights.
#include <stdint.h>
#include <stdio.h>

#include "examples/baked_mlp/floats.h"
#include "examples/baked_mlp/immediates.h"
#include "examples/baked_mlp/int8.h"
#include "examples/baked_mlp/sparse.h"
#include "examples/baked_mlp/ternary.h"

// One of the images that the network was not trained with.
static const int32_t pixels[64] = {0, 0, 0,  1,  11, 0,  0, 0, 0, 0, 0,  7,  8,  0,  0, 0,
                                   0, 0, 1,  13, 6,  2,  2, 0, 0, 0, 7,  15, 0,  9,  8, 0,
                                   0, 5, 16, 10, 0,  16, 6, 0, 0, 4, 15, 16, 13, 16, 1, 0,
                                   0, 0, 0,  3,  15, 10, 0, 0, 0, 0, 0,  2,  16, 4,  0, 0};

static int largest(const float values[10]) {
  int found = 0;
  for (int i = 1; i < 10; i++) {
    if (values[i] > values[found]) found = i;
  }
  return found;
}

static int largest_integer(const int32_t values[10]) {
  int found = 0;
  for (int i = 1; i < 10; i++) {
    if (values[i] > values[found]) found = i;
  }
  return found;
}

int main(void) {
  float x[64], out[10];
  for (int i = 0; i < 64; i++) {
    x[i] = (float)pixels[i];
    printf("%c%s", " .:-=+*#%@"[pixels[i] * 9 / 16], i % 8 == 7 ? "\n" : "");
  }
  floats(x, out);
  printf("floats      %d\n", largest(out));
  immediates(x, out);
  printf("immediates  %d\n", largest(out));
  ternary(x, out);
  printf("ternary     %d\n", largest(out));
  sparse(x, out);
  printf("sparse      %d\n", largest(out));
  int32_t integers[10];
  int8(pixels, integers);
  printf("int8        %d\n", largest_integer(integers));
  return 0;
}
