// SPDX-License-Identifier: Apache-2.0
#include "runtime/cortex_m/stack.h"

enum { GUARD_WORDS = 8 };
static const uint32_t PAINT = 0xc5c5c5c5;

void jxe_paint_stack(void) {
  uint32_t *sp;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  for (volatile uint32_t *word = __stack_bottom; word < sp; word++) *word = PAINT;
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
  __asm__ volatile("msr msplim, %0" ::"r"(__stack_bottom));
#endif
}

bool jxe_stack_overflowed(void) {
  for (int i = 0; i < GUARD_WORDS; i++) {
    if (__stack_bottom[i] != PAINT) return true;
  }
  return false;
}
