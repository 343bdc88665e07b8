// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runtime/abi/float_format.h"

// The bits are returned where a float is: in the lower half of its register.
float __truncsfbf2(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  uint32_t narrow = (uint32_t)jxe_narrow(bits, BINARY32, BFLOAT16);
  float result;
  memcpy(&result, &narrow, sizeof result);
  return result;
}
