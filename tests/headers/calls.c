// SPDX-License-Identifier: Apache-2.0
// Several exported functions in one program, called as their headers say.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "examples/dot/dot.h"
#include "examples/quadratic/quadratic.h"
#include "examples/rescaled_range/rescaled_range.h"
#include "tests/differential/small_integers.h"
#include "tests/differential/threshold.h"

static int failures;

static void expect(bool good, const char *what) {
  if (!good) {
    printf("FAIL: %s\n", what);
    failures++;
  }
}

int main(void) {
  float lower, upper;
  quadratic(1.0f, -3.0f, 2.0f, &lower, &upper);
  expect(lower == 1.0f && upper == 2.0f, "quadratic");

  static float x[256], y[256];
  for (int i = 0; i < 256; i++) {
    x[i] = 0.5f;
    y[i] = 2.0f;
  }
  expect(dot(x, y) == 256.0f, "dot");
  expect(dot(x, x) == 64.0f, "dot: inputs that are the same memory");

  // Small integers by value: what is above their bits in the register is the caller's business.
  const int8_t bytes[7] = {-128, -1, 0, 1, 2, 3, 127};
  int32_t wide[7];
  int8_t chosen[7];
  bool positive;
  uint8_t quotient;
  small_integers(bytes, 65535, true, wide, chosen, &positive, &quotient);
  expect(wide[0] == -128 * 65535 && wide[6] == 127 * 65535, "small_integers: u16 by value");
  expect(chosen[0] == -128 && chosen[6] == 127, "small_integers: true by value");
  expect(positive, "small_integers: bool as result");
  expect(quotient == 65535 / 3 % 256, "small_integers: u8 as result");
  small_integers(bytes, 1, false, wide, chosen, &positive, &quotient);
  expect(chosen[1] == 1 && chosen[6] == -127, "small_integers: false by value");

  float ones[21];
  for (int i = 0; i < 21; i++) ones[i] = 1.0f;
  expect(threshold(ones, 6.5f) == 6, "threshold: int32_t returned");

  expect(DOT_WORKSPACE_BYTES >= 0 && RESCALED_RANGE_WORKSPACE_BYTES > 0, "macros");
  return failures != 0;
}
