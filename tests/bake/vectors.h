// SPDX-License-Identifier: Apache-2.0
// Vectors of several kinds, the same on every machine.
#ifndef JAX_EMBEDDED_TESTS_BAKE_VECTORS_H_
#define JAX_EMBEDDED_TESTS_BAKE_VECTORS_H_

#include <stddef.h>
#include <stdint.h>

// random: f32 from -1 to 1, s8 from -128 to 127. small: of f32 multiples of 1/8, of s8 those of a
// bell from -24 to 24. sparse: random, nine of ten zero. ternary: -1, 0, 1.
enum kind { RANDOM, SMALL, SPARSE, TERNARY, KINDS };

static inline uint32_t draw(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

// From 0 to most - 1.
static inline int below(uint32_t *state, uint32_t most) { return (int)(draw(state) / 8 % most); }

static inline uint32_t seeded(uint32_t seed) {
  uint32_t state = seed * 2654435769u + 1;
  if (state == 0) state = 1;
  for (int i = 0; i < 8; i++) draw(&state);
  return state;
}

static inline int8_t draw_s8(uint32_t *state, enum kind kind) {
  if (kind == TERNARY) return (int8_t)(below(state, 3) - 1);
  if (kind == SMALL) return (int8_t)(below(state, 17) + below(state, 17) + below(state, 17) - 24);
  if (kind == SPARSE && below(state, 10) != 0) return 0;
  return (int8_t)(below(state, 256) - 128);
}

static inline float draw_f32(uint32_t *state, enum kind kind) {
  if (kind == TERNARY) return (float)(below(state, 3) - 1);
  if (kind == SMALL) return (float)(below(state, 65) - 32) / 8;
  if (kind == SPARSE && below(state, 10) != 0) return 0;
  return (float)((int32_t)draw(state) >> 7) / (1 << 24);
}

static inline void fill_s8(enum kind kind, uint32_t seed, size_t n, int8_t *values) {
  uint32_t state = seeded(seed);
  for (size_t i = 0; i < n; i++) values[i] = draw_s8(&state, kind);
}

static inline void fill_f32(enum kind kind, uint32_t seed, size_t n, float *values) {
  uint32_t state = seeded(seed);
  for (size_t i = 0; i < n; i++) values[i] = draw_f32(&state, kind);
}

#endif
