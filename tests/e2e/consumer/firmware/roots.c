#include <stdio.h>

#include "examples/quadratic/quadratic.h"

int main(void) {
  float lower, upper;
  quadratic(1, -3, 2, &lower, &upper);
  printf("%g %g\n", lower, upper);
  return 0;
}
