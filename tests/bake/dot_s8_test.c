// SPDX-License-Identifier: Apache-2.0
#include "tests/bake/expect.h"
#include "tests/bake/vectors.h"

enum { MOST = 1000, MOST_BYTES = 7168 };
static int8_t weights[MOST], inputs[MOST + 3];
static _Alignas(8) uint8_t memory[GUARD_BYTES + MOST_BYTES + GUARD_BYTES];
static uint8_t *const code = memory + GUARD_BYTES;

static int32_t expected(const int8_t *x, size_t n) {
  uint32_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += (uint32_t)(weights[i] * x[i]);
  return (int32_t)sum;
}

static int32_t found(const int8_t *x, size_t n) {
  const struct jxe_baked_dot_s8 baked = jxe_bake_dot_s8(weights, n, code, MOST_BYTES);
  EXPECT(baked.status == JXE_BAKED, "%ld bytes", baked.bytes);
  return baked.status == JXE_BAKED ? baked.call(x) : 0x55555555;
}

static void lengths_and_kinds(void) {
  static const uint16_t lengths[] = {0,   1,   2,   3,   7,   16,  31,  100, 254, 255,
                                     256, 257, 300, 509, 510, 511, 765, 999, MOST};
  for (uint32_t k = 0; k < KINDS; k++) {
    for (uint32_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
      for (uint32_t seed = 0; seed < 4; seed++) {
        const size_t n = lengths[l];
        fill_s8((enum kind)k, seed, n, weights);
        fill_s8(RANDOM, seed + 100, n + 3, inputs);
        const int8_t *x = inputs + seed;
        EXPECT(found(x, n) == expected(x, n), "length %ld", n);
      }
    }
  }
}

static void every_product(void) {
  for (int w = -128; w < 128; w++) {
    weights[0] = (int8_t)w;
    const struct jxe_baked_dot_s8 baked = jxe_bake_dot_s8(weights, 1, code, MOST_BYTES);
    for (int x = -128; x < 128; x++) {
      const int8_t input = (int8_t)x;
      EXPECT(baked.status == JXE_BAKED && baked.call(&input) == w * x, "weight %ld", w);
    }
  }
}

// Two weights, one after the other from the first to the second: every step by which weights fall.
static void every_step(void) {
  inputs[0] = 101;
  inputs[1] = -77;
  for (int step = 0; step < 128; step++) {
    for (int sign = 0; sign < 4; sign++) {
      weights[0] = (int8_t)(sign & 1 ? -128 : 127);
      weights[1] = (int8_t)((sign & 2 ? -1 : 1) * (127 - step));
      EXPECT(found(inputs, 2) == expected(inputs, 2), "step %ld", step);
    }
  }
}

static void extremes(void) {
  static const int8_t values[] = {-128, -127, -1, 0, 1, 127};
  for (uint32_t w = 0; w < sizeof values; w++) {
    for (uint32_t x = 0; x < sizeof values; x++) {
      memset(weights, values[w], MOST);
      memset(inputs, values[x], MOST);
      EXPECT(found(inputs, MOST) == MOST * values[w] * values[x], "weight %ld", values[w]);
    }
  }
  // Weights behind long runs of zeros.
  memset(weights, 0, MOST);
  weights[700] = -5;
  weights[MOST - 1] = 3;
  fill_s8(RANDOM, 1, MOST, inputs);
  EXPECT(found(inputs, MOST) == expected(inputs, MOST), "%ld", MOST);
}

static void the_same_buffer_again(void) {
  const int8_t x = 1;
  for (int w = 1; w < 100; w++) {
    weights[0] = (int8_t)w;
    EXPECT(found(&x, 1) == w, "weight %ld", w);
  }
}

static size_t length;
static struct baked bake(void *at, size_t bytes) {
  const struct jxe_baked_dot_s8 baked = jxe_bake_dot_s8(weights, length, at, bytes);
  return (struct baked){baked.status, baked.bytes, (uintptr_t)baked.call};
}

static void room(void) {
  fill_s8(RANDOM, 7, MOST, weights);
  for (length = 0; length < 40; length += 13) expect_no_trespass(bake, memory);
  length = ((size_t)1 << 26) + 1;
  const struct baked baked = bake(code, SIZE_MAX);
  EXPECT(baked.status == JXE_BAKE_NO_ROOM && baked.bytes == SIZE_MAX && baked.call == 0, "%ld", 0);
}

int main(void) {
  lengths_and_kinds();
  every_product();
  every_step();
  extremes();
  the_same_buffer_again();
  room();
  return verdict();
}
