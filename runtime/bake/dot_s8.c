// SPDX-License-Identifier: Apache-2.0
// There is no multiplication: the sum of w * x is that of the inputs whose weight is at least 1,
// and of those whose weight is at least 2, and so on (with the input's sign changed for a negative
// weight). So inputs come by falling weight, are added to one sum, and the sum to the result as
// often as the weight falls by one. Between 32-bit integers the order makes no difference.
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

// Adds the sum to the result so many times. A multiplication can take 32 cycles on Armv6-M.
static void add_sum(struct jxe_code *code, uint32_t times, bool thumb2) {
  uint32_t shift = 0;
  while (times >> shift > 1) shift++;
  bool power = times == 1u << shift;
  if (times == 1 || (!thumb2 && times < 4)) {
    for (; times > 0; times--) adds(code, RESULT, RESULT, SUM);
  } else if (thumb2 && power) {
    jxe_put(code, 0xeb00 | RESULT);  // add.w result, result, sum, lsl #shift
    jxe_put(code, (shift >> 2) << 12 | RESULT << 8 | (shift & 3) << 6 | SUM);
  } else if (thumb2) {
    movs(code, INPUT, times);
    jxe_put(code, 0xfb00 | SUM);  // mla result, sum, input, result
    jxe_put(code, RESULT << 12 | RESULT << 8 | INPUT);
  } else if (power) {
    jxe_put(code, shift << 6 | SUM << 3 | INPUT);  // lsls input, sum, #shift
    adds(code, RESULT, RESULT, INPUT);
  } else {
    movs(code, INPUT, times);
    jxe_put(code, 0x4340 | SUM << 3 | INPUT);  // muls input, sum, input
    adds(code, RESULT, RESULT, INPUT);
  }
}

static void encode_block(struct jxe_code *code, const int8_t *weights, uint32_t n, bool thumb2) {
  // By magnitude, the list of the weights that have it.
  uint8_t first[GREATEST + 1], next[BLOCK];
  memset(first, NONE, sizeof first);
  for (uint32_t i = n; i-- > 0;) {
    int weight = weights[i], magnitude = weight < 0 ? -weight : weight;
    next[i] = first[magnitude];
    first[magnitude] = (uint8_t)i;
  }
  bool begun = false;
  uint32_t times = 0;
  for (int magnitude = GREATEST; magnitude > 0; magnitude--) {
    if (first[magnitude] != NONE && times > 0) {
      add_sum(code, times, thumb2);
      times = 0;
    }
    for (uint32_t i = first[magnitude]; i != NONE; i = next[i]) {
      load(code, begun ? INPUT : SUM, i, thumb2);
      if (begun) {
        (weights[i] < 0 ? subs : adds)(code, SUM, SUM, INPUT);
      } else if (weights[i] < 0) {
        jxe_put(code, 0x4240 | SUM << 3 | SUM);  // negs sum, sum
      }
      begun = true;
    }
    times += begun;
  }
  if (begun) add_sum(code, times, thumb2);
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
