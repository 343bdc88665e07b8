// SPDX-License-Identifier: Apache-2.0
#include "tests/bake/expect.h"

#if defined(__ARM_FP) && (__ARM_FP & 4)

#include <math.h>
#include <stdbool.h>

#include "runtime/bake/encode.h"
#include "tests/bake/vectors.h"

enum { MOST = 4000, MOST_BYTES = 17 * MOST };
static float weights[MOST], inputs[MOST];
static _Alignas(8) uint8_t memory[GUARD_BYTES + MOST_BYTES + GUARD_BYTES];
static uint8_t *const code = memory + GUARD_BYTES;

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static bool same(float a, float b) { return (isnan(a) && isnan(b)) || bits_of(a) == bits_of(b); }

// What bake.h says, bit by bit.
static float expected(size_t n) {
  size_t most = 16;
  while (most * most < n) most++;
  float sum = 0, part = 0;
  size_t terms = 0, parts = 0;
  for (size_t i = 0; i < n; i++) {
    if (weights[i] == 0) continue;
    if (terms == most) {
      sum = parts++ ? sum + part : part;
      terms = 0;
    }
    part = terms++ ? fmaf(weights[i], inputs[i], part) : weights[i] * inputs[i];
  }
  if (terms == 0) return sum;
  return parts ? sum + part : part;
}

static float loop(size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; i++) {
    const float product = weights[i] * inputs[i];
    sum += product;
  }
  return sum;
}

static float found(size_t n) {
  const struct jxe_baked_dot_f32 baked = jxe_bake_dot_f32(weights, n, code, MOST_BYTES);
  EXPECT(baked.status == JXE_BAKED, "%ld bytes", baked.bytes);
  return baked.status == JXE_BAKED ? baked.call(inputs) : NAN;
}

static double error(float x, double exact, double size) {
  int exponent;
  frexp(fmax(fabs(exact), size), &exponent);
  return fabs((double)x - exact) / ldexp(1, exponent - 24);
}

// As far from the exact sum as docs/numerics.md allows, in ulp of a sum's usual size; `more` is the
// error of another's sum.
static void expect_near(size_t n, bool more) {
  double exact = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    const double product = (double)weights[i] * (double)inputs[i];
    exact += product;
    squares += product * product;
  }
  const double size = sqrt(squares);
  const double bound = 4 + (more ? 2 * error(loop(n), exact, size) : 0);
  EXPECT(error(found(n), exact, size) <= bound, "length %ld", n);
}

static void lengths_and_kinds(void) {
  static const uint16_t lengths[] = {0,  1,  2,   3,   7,   8,   9,   15,  16,   17,   31,  32,
                                     33, 64, 255, 256, 257, 289, 290, 300, 1000, 1025, MOST};
  for (uint32_t k = 0; k < KINDS; k++) {
    for (uint32_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
      for (uint32_t seed = 0; seed < 8; seed++) {
        const size_t n = lengths[l];
        fill_f32((enum kind)k, seed, n, weights);
        fill_f32(RANDOM, seed + 100, n, inputs);
        EXPECT(same(found(n), expected(n)), "length %ld", n);
        expect_near(n, true);
      }
    }
  }
}

// Nothing cancels, and a sum in one part would be off by many ulp.
static void long_sums(void) {
  for (uint32_t seed = 0; seed < 20; seed++) {
    fill_f32(RANDOM, seed, MOST, weights);
    fill_f32(RANDOM, seed + 100, MOST, inputs);
    for (size_t i = 0; i < MOST; i++) {
      weights[i] = fabsf(weights[i]) + 0.1f;
      inputs[i] = fabsf(inputs[i]);
    }
    expect_near(MOST, false);
  }
}

// A product of one weight has the bits that the core gives it.
static void expect_product(float weight) {
  static const uint32_t others[] = {0x00000000, 0x80000000, 0x3f800000, 0xbf800000,
                                    0x40490fdb, 0x00000001, 0x807fffff, 0x7f7fffff,
                                    0x7f800000, 0xff800000, 0x7fc00000};
  weights[0] = weight;
  const struct jxe_baked_dot_f32 baked = jxe_bake_dot_f32(weights, 1, code, MOST_BYTES);
  for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
    const volatile float input = float_of(others[i]);
    inputs[0] = input;
    const float product = weight == 0 ? 0 : weight * input;
    EXPECT(baked.status == JXE_BAKED && same(baked.call(inputs), product), "weight 0x%08lx",
           bits_of(weight));
  }
}

static void every_kind_of_constant(void) {
  // Arm Architecture Reference Manual, VFPExpandImm: all values of eight bits.
  for (int32_t i = 0; i < 256; i++) {
    const float magnitude = ldexpf((float)(16 + (i & 15)), (i >> 4 & 7) - 7);
    expect_product(i & 128 ? -magnitude : magnitude);
  }
  for (uint32_t shift = 0; shift < 32; shift++) {  // a bit, and all but one bit
    expect_product(float_of(1u << shift));
    expect_product(float_of(~(1u << shift)));
  }
  for (uint32_t exponent = 0; exponent < 256; exponent++) {
    static const uint32_t fractions[] = {0,        1,        0x8000,   0xffff,  0x10000, 0x80000,
                                         0x400000, 0x3f0000, 0x7fffff, 0x12345, 0x12300};
    for (uint32_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
      expect_product(float_of(exponent << 23 | fractions[i]));
      expect_product(float_of(1u << 31 | exponent << 23 | fractions[i]));
    }
  }
}

// Constants that are left in a register, or of which a half is.
static void constants_after_others(void) {
  static const uint32_t values[] = {0x3f800000, 0x40490fdb, 0x40480fdb, 0x3f000000, 0x00000fdb,
                                    0x00010000, 0x3fff0000, 0x40490000, 0x3dcccccd, 0x00000001,
                                    0x7f7fffff, 0x80000001, 0xbdcccccd};
  for (uint32_t seed = 0; seed < 100; seed++) {
    uint32_t state = seeded(seed);
    for (size_t i = 0; i < 100; i++) {
      weights[i] = float_of(values[below(&state, sizeof values / sizeof *values)]);
      inputs[i] = draw_f32(&state, RANDOM) * 0x1p-8f;
    }
    EXPECT(same(found(100), expected(100)), "seed %ld", seed);
  }
}

static void not_finite(void) {
  static const float values[] = {INFINITY, -INFINITY, NAN, 0x1.fffffep127f, 0, -0.0f};
  enum { COUNT = sizeof values / sizeof *values };
  for (uint32_t i = 0; i < COUNT; i++) {
    for (uint32_t j = 0; j < COUNT; j++) {
      for (size_t k = 0; k < 40; k += 13) {
        fill_f32(RANDOM, 1, 40, weights);
        fill_f32(RANDOM, 2, 40, inputs);
        weights[k] = values[i];
        inputs[k] = values[j];
        EXPECT(same(found(40), expected(40)), "at %ld", k);
      }
    }
  }
}

static void zeros(void) {
  EXPECT(bits_of(found(0)) == 0, "%ld", 0);
  for (size_t i = 0; i < MOST; i++) {
    weights[i] = i % 2 ? -0.0f : 0;
    inputs[i] = INFINITY;
  }
  EXPECT(bits_of(found(MOST)) == 0, "%ld", MOST);
  // Here and there a weight, at all distances that are loaded in another way.
  for (size_t distance = 1; distance < MOST; distance += distance < 9 ? 1 : distance / 3) {
    for (size_t run = 1; run < 12 && run <= distance; run++) {
      for (size_t i = 0; i < MOST; i++) {
        weights[i] = i % distance < run ? (float)i : 0;
        inputs[i] = weights[i] == 0 ? NAN : 1 / (float)(i + 1);
      }
      EXPECT(same(found(MOST), expected(MOST)), "distance %ld", distance);
    }
  }
  static const uint16_t edges[] = {254, 255, 256, 257, 1022, 1023, 1024, 2046, 2047, MOST - 1};
  for (uint32_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    memset(weights, 0, sizeof weights);
    weights[0] = 3;
    weights[edges[i]] = 5;
    fill_f32(RANDOM, 3, MOST, inputs);
    EXPECT(same(found(MOST), expected(MOST)), "at %ld", edges[i]);
  }
}

// For the ABI that passes floating point in core registers.
static void soft_float(void) {
  typedef float soft_dot(const float *x) __attribute__((pcs("aapcs")));
  for (size_t n = 0; n < 50; n++) {
    fill_f32(RANDOM, 4, n, weights);
    fill_f32(RANDOM, 5, n, inputs);
    const float hard = found(n);
    struct jxe_code at = {code, 0};
    jxe_encode_dot_f32(&at, weights, n, false);
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    soft_dot *const dot = (soft_dot *)((uintptr_t)code | 1);
    EXPECT(same(dot(inputs), hard), "length %ld", n);
  }
}

static size_t length;
static struct baked bake(void *at, size_t bytes) {
  const struct jxe_baked_dot_f32 baked = jxe_bake_dot_f32(weights, length, at, bytes);
  return (struct baked){baked.status, baked.bytes, (uintptr_t)baked.call};
}

static void room(void) {
  for (uint32_t kind = 0; kind < KINDS; kind++) {
    fill_f32((enum kind)kind, 7, MOST, weights);
    for (length = 0; length < 40; length += 13) expect_no_trespass(bake, memory);
  }
  length = ((size_t)1 << 26) + 1;
  const struct baked baked = bake(code, SIZE_MAX);
  EXPECT(baked.status == JXE_BAKE_NO_ROOM && baked.bytes == SIZE_MAX && baked.call == 0, "%ld", 0);
}

int main(void) {
  lengths_and_kinds();
  long_sums();
  every_kind_of_constant();
  constants_after_others();
  not_finite();
  zeros();
  soft_float();
  room();
  return verdict();
}

#else

int main(void) {
  printf("no FPU\n");
  return 0;
}

#endif
