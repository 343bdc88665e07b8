// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runtime/abi/float_format.h"

JXE_AEABI float __aeabi_h2f(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 31, fraction = half & 1023, bits;
  if (exponent == 31) {
    bits = 0x7f800000 | (fraction ? 0x00400000 | fraction << 13 : 0);
  } else if (exponent == 0 && fraction == 0) {
    bits = 0;
  } else {
    exponent += 127 - 15;
    if (exponent == 127 - 15) {
      for (exponent++; !(fraction & 1024); exponent--) fraction <<= 1;
      fraction &= 1023;
    }
    bits = exponent << 23 | fraction << 13;
  }
  bits |= sign;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
