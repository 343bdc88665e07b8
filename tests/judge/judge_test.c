// SPDX-License-Identifier: Apache-2.0
// The judge passes what is right and nothing else. It prints a lot: its lines about functions that
// are wrong on purpose.
#include "runtime/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// y = x in place of each element type, then one change.
static struct {
  int element;   // of y; -1: none
  double value;  // what it becomes
  int trespass;  // bytes before (negative) or behind y that are written
  bool write_input;
} wrong;

static void set(void *array, enum jxe_dtype dtype, int element, double value) {
  switch (dtype) {
    case JXE_F32:
      ((float *)array)[element] = (float)value;
      break;
    case JXE_F64:
      ((double *)array)[element] = value;
      break;
    case JXE_I8:
      ((int8_t *)array)[element] = (int8_t)value;
      break;
    default:
      ((uint16_t *)array)[element] = (uint16_t)value;
  }
}

static enum jxe_dtype dtype;
static size_t size;

static void copy(const struct jxe_memory *memory) {
  uint8_t *x = memory[0].bytes, *y = memory[1].bytes;
  memcpy(y, x, size);
  if (wrong.element >= 0) set(y, dtype, wrong.element, wrong.value);
  if (wrong.trespass < 0) y[wrong.trespass] = 1;
  if (wrong.trespass > 0) y[size - 1 + (size_t)wrong.trespass] = 1;
  if (wrong.write_input) x[0] ^= 1;
}

static const uint32_t dims[] = {2, 2, 0};
static uint64_t x_memory[8], y_memory[8];

// Judges the copy of four elements, each of which may be between low and high.
static int judged(enum jxe_dtype of, size_t bytes, const void *value, const void *low,
                  const void *high) {
  dtype = of;
  size = bytes;
  const struct jxe_memory memories[] = {{(uint8_t *)x_memory + JXE_GUARD_BYTES, bytes},
                                        {(uint8_t *)y_memory + JXE_GUARD_BYTES, bytes}};
  const struct jxe_array x = {"x", of, 4, dims, 0, 0, false}, y = {"y", of, 4, dims, 1, 0, false};
  const void *const inputs[] = {value};
  const struct jxe_expected expected[] = {{value, low, high, 1.0}};
  const struct jxe_case cases[] = {{"draw", inputs, expected}};
  const struct jxe_function function = {"copy", copy, memories, &x, &y, cases, 2, 1, 1, 1};
  return jxe_judge(&function);
}

static const float values[] = {0.0f, 1.0f, -2.0f, 1e30f};
static const float lows[] = {-1e-6f, 0.5f, -3.0f, 9e29f}, highs[] = {1e-6f, 1.5f, -1.5f, 2e30f};

static int judge_floats(int element, double value) {
  memset(&wrong, 0, sizeof wrong);
  wrong.element = element;
  wrong.value = value;
  return judged(JXE_F32, sizeof values, values, lows, highs);
}

static int failures;

static void expect(int found, int expected, int line) {
  if (found == expected) return;
  printf("judge_test.c:%d: expected %d, found %d\n", line, expected, found);
  failures++;
}
#define PASSES(call) expect(call, 0, __LINE__)
#define FAILS(call) expect(call, 1, __LINE__)

int main(void) {
  PASSES(judge_floats(-1, 0));
  PASSES(judge_floats(1, 0.5));
  PASSES(judge_floats(1, 1.5));
  FAILS(judge_floats(1, nextafterf(0.5f, 0)));
  FAILS(judge_floats(1, nextafterf(1.5f, 2)));
  FAILS(judge_floats(2, 2.0));
  FAILS(judge_floats(3, (double)INFINITY));
  FAILS(judge_floats(0, (double)NAN));
  PASSES(judge_floats(0, -1e-39));  // a subnormal, and 0 passes
  FAILS(judge_floats(0, 2e-6));

  static const float zeros[] = {0.0f, 0.0f, 0.0f, 0.0f};
  wrong.element = 2;
  wrong.value = 1e-39;
  PASSES(judged(JXE_F32, sizeof zeros, zeros, zeros, zeros));  // a subnormal counts as zero
  wrong.value = 2e-38;
  FAILS(judged(JXE_F32, sizeof zeros, zeros, zeros, zeros));

  static const float special[] = {NAN, INFINITY, -INFINITY, 2.0f};
  static const double found[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 2.0};
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      wrong.element = i;
      wrong.value = found[j];
      expect(judged(JXE_F32, sizeof special, special, special, special), i != j, __LINE__);
    }
  }

  wrong.element = -1;
  static const int trespasses[] = {-1, -JXE_GUARD_BYTES, 1, JXE_GUARD_BYTES};
  for (int i = 0; i < 4; i++) {
    wrong.trespass = trespasses[i];
    FAILS(judged(JXE_F32, sizeof values, values, lows, highs));
  }
  wrong.trespass = 0;
  wrong.write_input = true;
  FAILS(judged(JXE_F32, sizeof values, values, lows, highs));
  wrong.write_input = false;

  static const int8_t bytes[] = {-128, 0, 1, 127};
  PASSES(judged(JXE_I8, sizeof bytes, bytes, NULL, NULL));
  wrong.element = 3;
  wrong.value = 126;
  FAILS(judged(JXE_I8, sizeof bytes, bytes, NULL, NULL));

  // f16: 1, -0, 65504 and the least normal number; bf16: 1, -0, 2^120 and the least normal number.
  static const uint16_t halves[] = {0x3c00, 0x8000, 0x7bff, 0x0400};
  static const uint16_t below[] = {0x3bff, 0x8000, 0x7bfe, 0x0400},
                        above[] = {0x3c01, 0x0000, 0x7bff, 0x0401};
  static const uint16_t brains[] = {0x3f80, 0x8000, 0x7b80, 0x0080};
  static const uint16_t brains_below[] = {0x3f7f, 0x8000, 0x7b7f, 0x0080},
                        brains_above[] = {0x3f81, 0x0000, 0x7b81, 0x0081};
  static const uint16_t outside[][4] = {{0x3bfe, 0x0400, 0x7c00, 0x03ff},
                                        {0x3f7e, 0x0080, 0x7f80, 0x007f}};
  for (int brain = 0; brain < 2; brain++) {
    const enum jxe_dtype kind = brain ? JXE_BF16 : JXE_F16;
    const uint16_t *value = brain ? brains : halves, *low = brain ? brains_below : below,
                   *high = brain ? brains_above : above;
    wrong.element = -1;
    PASSES(judged(kind, 8, value, low, high));
    for (int i = 0; i < 4; i++) {
      wrong.element = i;
      wrong.value = low[i];
      PASSES(judged(kind, 8, value, low, high));
      wrong.value = high[i];
      PASSES(judged(kind, 8, value, low, high));
      wrong.value = outside[brain][i];
      FAILS(judged(kind, 8, value, low, high));
    }
  }

  // What f64 tells apart and f32 does not.
  static const double wide[] = {1.0, 2.0, 3.0, 4.0};
  wrong.element = -1;
  PASSES(judged(JXE_F64, sizeof wide, wide, wide, wide));
  wrong.element = 1;
  wrong.value = 2.0 + 1e-15;
  FAILS(judged(JXE_F64, sizeof wide, wide, wide, wide));

  printf("judge_test: %d failures\n", failures);
  return failures != 0;
}
