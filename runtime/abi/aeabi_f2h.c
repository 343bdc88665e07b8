// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runtime/abi/float_format.h"

JXE_AEABI uint16_t __aeabi_f2h(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (uint16_t)jxe_narrow(bits, BINARY32, BINARY16);
}
