// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runtime/bake/encode.h"

// Of the core: r0, the inputs; r1 and r2, the bits of constants.
enum { INPUTS, BITS_0, BITS = 2 };
// Of the FPU: s0, the result, which is also the first part of the sum; s1, the other parts; s2 to
// s7, constants; s8 to s15, inputs. The registers behind are the caller's.
enum { RESULT, PART, CONSTANT_0, CONSTANTS = 6, INPUT_0 = 8, INPUTS_AT_ONCE = 8 };

static const uint32_t ONE = 0x3f800000;
// In floats: what a load's offset reaches, and what fits an addition's immediate value.
enum { REACH = 255, STEP = 1023 };

struct dot {
  struct jxe_code *code;
  uint32_t constants[CONSTANTS];  // the magnitudes in the registers; 0: none yet
  uint32_t oldest;                // of these
  struct {
    uint32_t bits;
    bool known;
  } core[BITS];  // what is in the core's registers
  uint32_t sum;  // the register of this part
  size_t terms;  // that it has
};

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static uint32_t magnitude(float x) { return bits_of(x) & 0x7fffffff; }

static bool is_zero(float x) { return magnitude(x) == 0; }

// An instruction of the FPU with up to three registers, d = n op m.
static void fpu(struct dot *dot, uint32_t opcode, uint32_t d, uint32_t n, uint32_t m) {
  jxe_put(dot->code, opcode >> 16 | (d & 1) << 6 | n >> 1);
  jxe_put(dot->code, (opcode & 0xffff) | d >> 1 << 12 | (n & 1) << 7 | (m & 1) << 5 | m >> 1);
}

static const uint32_t VFMA = 0xeea00a00, VFMS = 0xeea00a40, VMUL = 0xee200a00, VNMUL = 0xee200a40,
                      VADD = 0xee300a00, VSUB = 0xee300a40, VMOV = 0xeeb00a40, VNEG = 0xeeb10a40,
                      VMOV_IMMEDIATE = 0xeeb00a00, VMOV_TO_FPU = 0xee000a10,
                      VMOV_TWO_TO_FPU = 0xec400a10, VMOV_TO_CORE = 0xee100a10;
static const uint32_t MOV = 0xf04f, MOVW = 0xf240, MOVT = 0xf2c0, ADDW = 0xf200;

// An instruction with an immediate value of 12 bits.
static void with_immediate(struct dot *dot, uint32_t opcode, uint32_t d, uint32_t immediate) {
  jxe_put(dot->code, opcode | (immediate >> 11) << 10);
  jxe_put(dot->code, (immediate >> 8 & 7) << 12 | d << 8 | (immediate & 0xff));
}

// MOVW, MOVT: those have 4 bits more.
static void with_half(struct dot *dot, uint32_t opcode, uint32_t d, uint32_t half) {
  with_immediate(dot, opcode | half >> 12, d, half & 0xfff);
}

// Has the bits in one of the core's registers. Returns which.
static uint32_t set_bits(struct dot *dot, uint32_t i, uint32_t bits) {
  const uint32_t d = BITS_0 + i, zeros = (uint32_t)__builtin_clz(bits), old = dot->core[i].bits;
  const bool known = dot->core[i].known;
  dot->core[i].bits = bits;
  dot->core[i].known = true;
  if (known && old == bits) return d;
  if (known && (old & 0xffff) == (bits & 0xffff)) {
    with_half(dot, MOVT, d, bits >> 16);
  } else if (zeros < 24 && bits << zeros << 8 == 0) {
    // Eight bits from the highest one on, rotated to the right.
    with_immediate(dot, MOV, d, (8 + zeros) << 7 | (bits << zeros >> 24 & 0x7f));
  } else {
    with_half(dot, MOVW, d, bits & 0xffff);
    if (bits >> 16 != 0) with_half(dot, MOVT, d, bits >> 16);
  }
  return d;
}

// Between register n of the FPU and t of the core.
static void transfer(struct dot *dot, uint32_t opcode, uint32_t n, uint32_t t) {
  jxe_put(dot->code, opcode >> 16 | n >> 1);
  jxe_put(dot->code, (opcode & 0xffff) | t << 12 | (n & 1) << 7);
}

// To registers m and m + 1 of the FPU.
static void transfer_two(struct dot *dot, uint32_t m, uint32_t t, uint32_t t2) {
  jxe_put(dot->code, VMOV_TWO_TO_FPU >> 16 | t2);
  jxe_put(dot->code, (VMOV_TWO_TO_FPU & 0xffff) | t << 12 | (m & 1) << 5 | m >> 1);
}

// 16/16 to 31/16 times 2^-3 to 2^4.
static bool is_immediate(uint32_t bits) {
  return (bits & 0x7ffff) == 0 && (bits >> 25 == 0x1f || bits >> 25 == 0x20);
}

// The register that has a constant, or 0.
static uint32_t found(const struct dot *dot, uint32_t bits) {
  for (uint32_t i = 0; i < CONSTANTS; i++) {
    if (dot->constants[i] == bits) return CONSTANT_0 + i;
  }
  return 0;
}

static uint32_t next_register(struct dot *dot, uint32_t bits) {
  const uint32_t i = dot->oldest;
  dot->oldest = (i + 1) % CONSTANTS;
  dot->constants[i] = bits;
  return CONSTANT_0 + i;
}

// Has a constant in a register, and the one after it too if both can be transferred at once.
// Returns which. next: 0 if there is none.
static uint32_t constant(struct dot *dot, uint32_t bits, uint32_t next) {
  if (found(dot, bits) != 0) return found(dot, bits);
  if (is_immediate(bits)) {
    const uint32_t d = next_register(dot, bits);
    fpu(dot, VMOV_IMMEDIATE | (bits >> 23 & 7) << 16 | (bits >> 19 & 15), d, 0, 0);
    return d;
  }
  const uint32_t t = set_bits(dot, 0, bits);
  const bool two = next != 0 && next != bits && !is_immediate(next) && found(dot, next) == 0;
  if (two && dot->oldest == CONSTANTS - 1) dot->oldest = 0;
  const uint32_t d = next_register(dot, bits);
  if (two) {
    next_register(dot, next);
    transfer_two(dot, d, t, set_bits(dot, 1, next));
  } else {
    transfer(dot, VMOV_TO_FPU, d, t);
  }
  return d;
}

static void end_part(struct dot *dot) {
  if (dot->sum == PART) fpu(dot, VADD, RESULT, RESULT, PART);
  dot->sum = PART;
  dot->terms = 0;
}

// next: the weight after it, or 0.
static void add_term(struct dot *dot, float weight, uint32_t input, float next) {
  const uint32_t bits = magnitude(weight), sum = dot->sum;
  const bool negative = bits_of(weight) >> 31, first = dot->terms++ == 0;
  if (bits == ONE) {
    if (first) {
      fpu(dot, negative ? VNEG : VMOV, sum, 0, input);
    } else {
      fpu(dot, negative ? VSUB : VADD, sum, sum, input);
    }
    return;
  }
  const uint32_t n = constant(dot, bits, magnitude(next));
  if (first) {
    fpu(dot, negative ? VNMUL : VMUL, sum, n, input);
  } else {
    fpu(dot, negative ? VFMS : VFMA, sum, n, input);
  }
}

static void load(struct dot *dot, uint32_t input, uint32_t offset) {
  jxe_put(dot->code, 0xed90 | (input & 1) << 6 | INPUTS);  // vldr input, [r0, #4 * offset]
  jxe_put(dot->code, input >> 1 << 12 | 0xa00 | offset);
}

static void load_many(struct dot *dot, uint32_t count) {
  jxe_put(dot->code, 0xecb0 | INPUTS);  // vldmia r0!, {s8-...}
  jxe_put(dot->code, INPUT_0 >> 1 << 12 | 0xa00 | count);
}

static void move_inputs(struct dot *dot, size_t by) {
  for (size_t step; by > 0; by -= step) {
    step = by < STEP ? by : STEP;
    with_immediate(dot, ADDW | INPUTS, INPUTS, (uint32_t)(4 * step));
  }
}

static size_t terms_of_a_part(size_t n) {
  size_t terms = 16;
  while (terms * terms < n) terms++;
  return terms;
}

void jxe_encode_dot_f32(struct jxe_code *code, const float *weights, size_t n, bool hard_float) {
  struct dot dot = {.code = code, .sum = RESULT};
  const size_t most = terms_of_a_part(n);
  size_t at = 0;  // the input that r0 points to
  for (size_t i = 0; i < n;) {
    if (is_zero(weights[i])) {
      i++;
      continue;
    }
    size_t end = i, count = 0;
    for (size_t j = i; j < n && j < i + INPUTS_AT_ONCE; j++) {
      if (is_zero(weights[j])) continue;
      end = j + 1;
      count++;
    }
    if (i != at && (count > 2 || end - 1 - at > REACH)) {
      move_inputs(&dot, i - at);
      at = i;
    }
    if (i == at && count > 1) {
      load_many(&dot, (uint32_t)(end - i));
      at = end;
    } else {
      for (size_t j = i; j < end; j++) {
        if (!is_zero(weights[j])) load(&dot, INPUT_0 + (uint32_t)(j - i), (uint32_t)(j - at));
      }
    }
    for (size_t j = i; j < end; j++) {
      if (is_zero(weights[j])) continue;
      if (dot.terms == most) end_part(&dot);
      add_term(&dot, weights[j], INPUT_0 + (uint32_t)(j - i), j + 1 < end ? weights[j + 1] : 0);
    }
    i = end;
  }
  if (dot.sum == PART) {
    end_part(&dot);
  } else if (dot.terms == 0) {
    with_half(&dot, MOVW, BITS_0, 0);
    transfer(&dot, VMOV_TO_FPU, RESULT, BITS_0);
  }
  if (!hard_float) transfer(&dot, VMOV_TO_CORE, RESULT, 0);
  jxe_put(code, 0x4770);  // bx lr
}
