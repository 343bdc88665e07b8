// SPDX-License-Identifier: Apache-2.0
#include "runtime/cortex_m/stack.h"

enum { GUARD_WORDS = 8 };
static const uint32_t PAINT = 0xc5c5c5c5;

#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
static void limit_stack(void) { __asm__ volatile("msr msplim, %0" ::"r"(__stack_bottom)); }
#elif defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__)
// Armv7-M Architecture Reference Manual, B3.5: region 0 is what lies below the stack, to be read
// only.
extern char _stack_guard_bytes[];
static void limit_stack(void) {
  volatile uint32_t *mpu_type = (uint32_t *)0xe000ed90, *mpu_ctrl = (uint32_t *)0xe000ed94;
  volatile uint32_t *mpu_rbar = (uint32_t *)0xe000ed9c, *mpu_rasr = (uint32_t *)0xe000eda0;
  enum { VALID = 1 << 4, PRIVDEFENA = 1 << 2, ENABLE = 1, XN = 1 << 28, PRIVILEGED_READ = 5 << 24 };
  uint32_t size = (uint32_t)_stack_guard_bytes;
  if (size == 0 || *mpu_type == 0) return;
  *mpu_rbar = ((uint32_t)__stack_bottom - size) | VALID;
  *mpu_rasr = XN | PRIVILEGED_READ | (uint32_t)(__builtin_ctz(size) - 1) << 1 | ENABLE;
  *mpu_ctrl = PRIVDEFENA | ENABLE;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#else
static void limit_stack(void) {}
#endif

void jxe_paint_stack(void) {
  uint32_t *sp;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  for (volatile uint32_t *word = __stack_bottom; word < sp; word++) *word = PAINT;
  limit_stack();
}

bool jxe_stack_overflowed(void) {
  for (int i = 0; i < GUARD_WORDS; i++) {
    if (__stack_bottom[i] != PAINT) return true;
  }
  return false;
}
