// SPDX-License-Identifier: Apache-2.0
#ifndef JAX_EMBEDDED_RUNTIME_ABI_FLOAT_FORMAT_H_
#define JAX_EMBEDDED_RUNTIME_ABI_FLOAT_FORMAT_H_

#include <stdint.h>

// The run-time ABI for the Arm architecture passes floating point in core registers, whatever the
// program does.
#ifdef __arm__
#define JXE_AEABI __attribute__((pcs("aapcs")))
#else
#define JXE_AEABI
#endif

// A binary interchange format of IEEE 754 (or bfloat16): a sign, exponent_bits, fraction_bits.
struct float_format {
  int exponent_bits, fraction_bits;
};

static const struct float_format BINARY16 = {5, 10}, BFLOAT16 = {8, 7}, BINARY32 = {8, 23},
                                 BINARY64 = {11, 52};

static inline uint64_t jxe_mask(int bits) { return ((uint64_t)1 << bits) - 1; }

// The nearest value of a smaller format, of two the even one. A nan stays one, and becomes quiet.
static inline uint64_t jxe_narrow(uint64_t bits, struct float_format from, struct float_format to) {
  uint64_t sign = bits >> (from.exponent_bits + from.fraction_bits)
                              << (to.exponent_bits + to.fraction_bits);
  uint64_t infinity = jxe_mask(to.exponent_bits) << to.fraction_bits;
  uint64_t fraction = bits & jxe_mask(from.fraction_bits);
  int exponent = (int)(bits >> from.fraction_bits & jxe_mask(from.exponent_bits));
  int shift = from.fraction_bits - to.fraction_bits;

  if (exponent == (int)jxe_mask(from.exponent_bits)) {
    uint64_t quiet = (uint64_t)1 << (to.fraction_bits - 1);
    return sign | infinity | (fraction ? quiet | fraction >> shift : 0);
  }
  // A subnormal has the exponent of the smallest normal number, and no leading one.
  uint64_t significand = fraction | (uint64_t)(exponent != 0) << from.fraction_bits;
  exponent +=
      (exponent == 0) - (int)jxe_mask(from.exponent_bits - 1) + (int)jxe_mask(to.exponent_bits - 1);
  if (exponent < 1) {
    shift += 1 - exponent;
    exponent = 1;
    if (shift > from.fraction_bits + 2) shift = from.fraction_bits + 2;
  }
  if (exponent >= (int)jxe_mask(to.exponent_bits)) return sign | infinity;
  uint64_t rounded = significand >> shift;
  uint64_t rest = significand & jxe_mask(shift), half = (uint64_t)1 << (shift - 1);
  rounded += rest > half || (rest == half && (rounded & 1));
  // The leading one adds to the exponent, and a carry of the rounding too, up to infinity.
  return sign | (((uint64_t)(exponent - 1) << to.fraction_bits) + rounded);
}

#endif
