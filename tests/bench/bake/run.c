// SPDX-License-Identifier: Apache-2.0
// Bakes the dot product of N weights of a KIND, and computes it as CALL says.
#include <stdlib.h>

#include "jax_embedded/bake.h"
#include "tests/bake/vectors.h"

#if OF_F32
typedef float element, result;
typedef jxe_dot_f32 function;
#define BAKE jxe_bake_dot_f32
#define FILL fill_f32
#else
typedef int8_t element;
typedef int32_t result;
typedef jxe_dot_s8 function;
#define BAKE jxe_bake_dot_s8
#define FILL fill_s8
#endif

// What is counted: the baked function by one more instruction, or a loop.
result measured(const element *x, function *dot);
result measured_loop(const element *x, const element *weights, size_t n);

void run(void);

void run(void) {
  static element weights[N], x[N];
  static _Alignas(8) uint8_t code[20 * N];
  FILL(KIND, 1, N, weights);
  FILL(RANDOM, 2, N, x);
  if (BAKE(weights, N, code, sizeof code).status != JXE_BAKED) exit(3);
  function *const dot = (function *)((uintptr_t)code | 1);
#if LOOP
  const result found = measured_loop(x, weights, N), expected = dot(x);
#else
  result expected = 0;
  for (size_t i = 0; i < N; i++) expected += weights[i] * x[i];
  const result found = measured(x, dot);
#endif
  const result off = found - expected;
  if (!(off * off <= (result)0.0001f)) exit(4);
}
