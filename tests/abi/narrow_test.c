// SPDX-License-Identifier: Apache-2.0
// Conversions to and from 16-bit floats: all 65536 values, and of the larger formats those at which
// rounding turns.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/float_format.h"

JXE_AEABI float __aeabi_h2f(uint16_t half);
JXE_AEABI uint16_t __aeabi_f2h(float x);
JXE_AEABI uint16_t __aeabi_d2h(double x);
float __truncsfbf2(float x);
float __truncdfbf2(double x);

static int failures;

static void expect(const char *function, double x, uint32_t expected, uint32_t found) {
  if (expected == found) return;
  if (failures++ < 10)
    printf("%s(%a): expected 0x%04lx, found 0x%04lx\n", function, x, (long)expected, (long)found);
}

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

// The value of a 16-bit float that is neither infinite nor nan, exactly.
static double value_of(uint32_t bits, struct float_format format) {
  int bias = (1 << (format.exponent_bits - 1)) - 1;
  int exponent = (int)(bits >> format.fraction_bits) & ((1 << format.exponent_bits) - 1);
  int significand = (int)(bits & ((1u << format.fraction_bits) - 1));
  if (exponent != 0) significand += 1 << format.fraction_bits;
  double magnitude = ldexp(significand, (exponent ? exponent : 1) - bias - format.fraction_bits);
  return bits >> 15 ? -magnitude : magnitude;
}

static int is_nan(uint32_t bits, struct float_format format) {
  return (bits & 0x7fff) > ((1u << format.exponent_bits) - 1) << format.fraction_bits;
}

static void to_half(double x, uint32_t expected) {
  if ((double)(float)x == x) expect("__aeabi_f2h", x, expected, __aeabi_f2h((float)x));
  expect("__aeabi_d2h", x, expected, __aeabi_d2h(x));
}

static void to_bfloat(double x, uint32_t expected) {
  if ((double)(float)x == x) expect("__truncsfbf2", x, expected, bits_of(__truncsfbf2((float)x)));
  expect("__truncdfbf2", x, expected, bits_of(__truncdfbf2(x)));
}

// lower and the next larger one, in magnitude: between them there is one point at which rounding
// turns.
static void between(uint32_t lower, struct float_format format, void (*narrow)(double, uint32_t)) {
  uint32_t infinity = ((1u << format.exponent_bits) - 1) << format.fraction_bits;
  uint32_t upper = lower + 1;
  double from = value_of(lower, format);
  double to = (upper & 0x7fff) == infinity
                  ? from + (from - value_of(lower - 1, format))  // as if exponents went on
                  : value_of(upper, format);
  double middle = from + (to - from) / 2;
  uint32_t even = lower & 1 ? upper : lower;
  struct {
    double x;
    uint32_t expected;
  } cases[] = {
      {middle, even},
      {nextafter(middle, from), lower},
      {nextafter(middle, to), upper},
      {nextafterf((float)middle, (float)from), lower},
      {nextafterf((float)middle, (float)to), upper},
      {from + (to - from) * 0.25, lower},
      {from + (to - from) * 0.75, upper},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    narrow(cases[i].x, cases[i].expected);
  }
}

static void every(uint32_t bits) {
  if (is_nan(bits, BINARY16)) {
    float x = __aeabi_h2f((uint16_t)bits);
    if (!isnan(x) || !signbit(x) != !(bits >> 15)) expect("__aeabi_h2f nan", bits, 1, 0);
    expect("__aeabi_f2h nan", bits, bits | 0x200, __aeabi_f2h(x));
    expect("__aeabi_d2h nan", bits, 1, is_nan(__aeabi_d2h(x), BINARY16));
  } else if ((bits & 0x7fff) == 0x7c00) {
    expect("__aeabi_h2f inf", bits, bits_of(bits >> 15 ? -INFINITY : INFINITY),
           bits_of(__aeabi_h2f((uint16_t)bits)));
    to_half(bits >> 15 ? -INFINITY : INFINITY, bits);
    to_half(bits >> 15 ? -1e300 : 1e300, bits);
  } else {
    double x = value_of(bits, BINARY16);
    expect("__aeabi_h2f", x, bits_of((float)x), bits_of(__aeabi_h2f((uint16_t)bits)));
    to_half(x, bits);
    between(bits, BINARY16, to_half);
  }
  if (is_nan(bits, BFLOAT16)) {
    float x;
    uint32_t wide = bits << 16 | 1;
    memcpy(&x, &wide, sizeof x);
    expect("__truncsfbf2 nan", bits, bits | 0x40, bits_of(__truncsfbf2(x)));
    expect("__truncdfbf2 nan", bits, 1, is_nan(bits_of(__truncdfbf2(x)), BFLOAT16));
  } else if ((bits & 0x7fff) == 0x7f80) {
    to_bfloat(bits >> 15 ? -INFINITY : INFINITY, bits);
    to_bfloat(bits >> 15 ? -1e300 : 1e300, bits);
  } else {
    double x = value_of(bits, BFLOAT16);
    to_bfloat(x, bits);
    between(bits, BFLOAT16, to_bfloat);
  }
}

int main(void) {
  // From double to half in two steps would round twice.
  to_half(1 + 0x1p-11 + 0x1p-40, 0x3c01);
  to_half(0x1p-1074, 0);
  to_half(-0x1p-1074, 0x8000);
  to_bfloat(-0x1p-1074, 0x8000);
  for (uint32_t bits = 0; bits < 0x10000; bits++) every(bits);
  printf("%d failures\n", failures);
  return failures != 0;
}
