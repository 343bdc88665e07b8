// SPDX-License-Identifier: Apache-2.0
// Inputs of which the weights have the same magnitude m are added up before the sum is multiplied,
// and if the next magnitude is d less it may be cheaper to add the sum d times, to go on adding the
// next inputs to it, and to do with d what is left to do with m - d. Between 32-bit integers the
// order makes no difference.
#include <string.h>

#include "runtime/bake/encode.h"

// r0: the inputs.
enum { INPUTS, RESULT, SUM, INPUT };

// As far as an offset of 8 bits reaches, and so that there is an index that is none.
enum { BLOCK = 255, NONE = 255, GREATEST = 128 };

static void movs(struct jxe_code *code, uint32_t d, uint32_t value) {
  jxe_put(code, 0x2000 | d << 8 | value);
}

static void adds(struct jxe_code *code, uint32_t d, uint32_t n, uint32_t m) {
  jxe_put(code, 0x1800 | m << 6 | n << 3 | d);
}

static void subs(struct jxe_code *code, uint32_t d, uint32_t n, uint32_t m) {
  jxe_put(code, 0x1a00 | m << 6 | n << 3 | d);
}

static void load(struct jxe_code *code, uint32_t t, uint32_t offset, bool thumb2) {
  if (thumb2) {
    jxe_put(code, 0xf990 | INPUTS);  // ldrsb.w t, [r0, #offset]
    jxe_put(code, t << 12 | offset);
  } else {
    movs(code, t, offset);
    jxe_put(code, 0x5600 | t << 6 | INPUTS << 3 | t);  // ldrsb t, [r0, t]
  }
}

static bool is_power_of_two(uint32_t value) { return (value & (value - 1)) == 0; }

// In instructions, of the following. A multiplication can take 32 cycles on Armv6-M.
static uint32_t cost(uint32_t times, bool thumb2) {
  if (thumb2) return is_power_of_two(times) ? 1 : 2;
  if (times < 4) return times;
  return is_power_of_two(times) ? 2 : 3;
}

// Adds the sum to the result so many times, or subtracts it.
static void add_sum(struct jxe_code *code, uint32_t times, bool negative, bool thumb2) {
  void (*const add)(struct jxe_code *, uint32_t, uint32_t, uint32_t) = negative ? subs : adds;
  const uint32_t shift = 31 - (uint32_t)__builtin_clz(times);
  if (times == 1 || (!thumb2 && times < 4)) {
    for (; times > 0; times--) add(code, RESULT, RESULT, SUM);
  } else if (thumb2 && is_power_of_two(times)) {
    // add.w or sub.w result, result, sum, lsl #shift
    jxe_put(code, (negative ? 0xeba0 : 0xeb00) | RESULT);
    jxe_put(code, (shift >> 2) << 12 | RESULT << 8 | (shift & 3) << 6 | SUM);
  } else if (thumb2) {
    movs(code, INPUT, times);
    jxe_put(code, 0xfb00 | SUM);  // mla or mls result, sum, input, result
    jxe_put(code, RESULT << 12 | RESULT << 8 | (negative ? 0x10 : 0) | INPUT);
  } else if (is_power_of_two(times)) {
    jxe_put(code, shift << 6 | SUM << 3 | INPUT);  // lsls input, sum, #shift
    add(code, RESULT, RESULT, INPUT);
  } else {
    movs(code, INPUT, times);
    jxe_put(code, 0x4340 | SUM << 3 | INPUT);  // muls input, sum, input
    add(code, RESULT, RESULT, INPUT);
  }
}

static void encode_block(struct jxe_code *code, const int8_t *weights, uint32_t n, bool thumb2) {
  // By magnitude, the list of the weights that have it.
  uint8_t first[GREATEST + 1], next[BLOCK];
  memset(first, NONE, sizeof first);
  for (uint32_t i = n; i-- > 0;) {
    const int weight = weights[i], magnitude = weight < 0 ? -weight : weight;
    next[i] = first[magnitude];
    first[magnitude] = (uint8_t)i;
  }
  bool begun = false, negative = false;  // the sum, and whether it is that of -w * x
  uint32_t less;
  for (uint32_t magnitude = GREATEST; magnitude > 0; magnitude = less) {
    less = magnitude - 1;
    if (first[magnitude] == NONE) continue;
    for (uint32_t i = first[magnitude]; i != NONE; i = next[i]) {
      if (!begun) negative = weights[i] < 0;
      load(code, begun ? INPUT : SUM, i, thumb2);
      if (begun) ((weights[i] < 0) == negative ? adds : subs)(code, SUM, SUM, INPUT);
      begun = true;
    }
    while (less > 0 && first[less] == NONE) less--;
    const uint32_t step = magnitude - less;
    begun = less > 0 && cost(step, thumb2) + 1 <= cost(magnitude, thumb2);
    add_sum(code, begun ? step : magnitude, negative, thumb2);
  }
}

void jxe_encode_dot_s8(struct jxe_code *code, const int8_t *weights, size_t n, bool thumb2) {
  movs(code, RESULT, 0);
  for (size_t i = 0; i < n; i += BLOCK) {
    if (i > 0) jxe_put(code, 0x3000 | INPUTS << 8 | BLOCK);  // adds r0, #BLOCK
    encode_block(code, weights + i, (uint32_t)(n - i < BLOCK ? n - i : BLOCK), thumb2);
  }
  jxe_put(code, 0x4600 | RESULT << 3);  // mov r0, result
  jxe_put(code, 0x4770);                // bx lr
}
