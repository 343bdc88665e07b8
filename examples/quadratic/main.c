// SPDX-License-Identifier: Apache-2.0
// Solves a*x*x + b*x + c = 0.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/quadratic/quadratic.h"

static int parse(const char *text, float *value) {
  char *end;
  *value = strtof(text, &end);
  return end != text && *end == '\0';
}

// The sign of a nan has no meaning, and printf may show it.
static float unsigned_nan(float x) { return isnan(x) ? fabsf(x) : x; }

int main(int argc, char **argv) {
  float a = 1.0f, b = -3.0f, c = 2.0f;
  if (argc != 1 &&
      (argc != 4 || !parse(argv[1], &a) || !parse(argv[2], &b) || !parse(argv[3], &c))) {
    fprintf(stderr, "usage: quadratic [A B C]: expected three numbers\n");
    return 2;
  }

  float lower, upper;
  quadratic(a, b, c, &lower, &upper);

  printf("%gx^2 %+gx %+g = 0: x = %g, x = %g", a, b, c, unsigned_nan(lower), unsigned_nan(upper));
  if (a == 0.0f) {
    printf(" (a is 0: not a quadratic equation)");
  } else if (b * b - 4 * a * c < 0.0f) {
    printf(" (no real root)");
  }
  printf("\n");
  return 0;
}
