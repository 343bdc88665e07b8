// SPDX-License-Identifier: Apache-2.0
// Which of the library's functions each exported function calls, and how often. CALLS: 1 if there
// is a library, otherwise 0.
#include <stdio.h>
#include <string.h>

#include "tests/dsp/builtin.h"
#include "tests/dsp/dots.h"
#include "tests/dsp/layer.h"
#include "tests/dsp/matrix_matrix_finished.h"
#include "tests/dsp/matrix_vector_finished.h"
#include "tests/dsp/own.h"
#include "tests/dsp/synthesis.h"

static float a[256], b[256], c[256], out[256], more[256];
static int failed;

static void expect(const char *what, struct own_calls calls) {
  const struct own_calls found = own_calls;
  const struct own_calls expected = {CALLS * calls.dot, CALLS * calls.matrix_vector,
                                     CALLS * calls.matrix_matrix, CALLS * calls.fft};
  if (memcmp(&found, &expected, sizeof found) != 0) {
    printf("%s: expected %d %d %d %d calls, found %d %d %d %d\n", what, expected.dot,
           expected.matrix_vector, expected.matrix_matrix, expected.fft, found.dot,
           found.matrix_vector, found.matrix_matrix, found.fft);
    failed = 1;
  }
  memset(&own_calls, 0, sizeof own_calls);
}

int main(void) {
  dots(a, b, out, more);
  expect("dots", (struct own_calls){.dot = 4});
  matrix_vector_finished(a, b, c, out);
  expect("matrix_vector_finished", (struct own_calls){.matrix_vector = 1});
  matrix_matrix_finished(a, b, c, out);
  expect("matrix_matrix_finished", (struct own_calls){.matrix_matrix = 1});
  layer(a, out);
  expect("layer", (struct own_calls){.matrix_matrix = 1});
  synthesis(a, out);
  expect("synthesis", (struct own_calls){.fft = 3});
  builtin(a, b, c, out, more);
  expect("builtin", (struct own_calls){0});
  return failed;
}
