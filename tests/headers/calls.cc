// SPDX-License-Identifier: Apache-2.0
// The headers declare C functions to C++.
#include "examples/dot/dot.h"
#include "examples/quadratic/quadratic.h"

int main() {
  float lower, upper;
  quadratic(2.0f, 4.0f, -6.0f, &lower, &upper);
  const float x[256] = {3.0f}, y[256] = {5.0f};
  return lower == -3.0f && upper == 1.0f && dot(x, y) == 15.0f ? 0 : 1;
}
