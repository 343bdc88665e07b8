// SPDX-License-Identifier: Apache-2.0
#include "runtime/cortex_m/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cortex_m/stack.h"
#include "runtime/semihost/semihost.h"

#if __ARM_ARCH_PROFILE == 'M' && __ARM_ARCH >= 7
// Armv8-M Architecture Reference Manual, D1.2: what went wrong, and with which address.
#define CFSR (*(volatile uint32_t *)0xe000ed28)
#define SFSR (*(volatile uint32_t *)0xe000ede4)
enum {
  CFSR_MEM = 0x000000ff,
  CFSR_BUS = 0x0000ff00,
  CFSR_USAGE = 0xffff0000,
  CFSR_STKOF = 1 << 20
};
#endif

// What the core stores when it takes an exception.
struct frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
};

static struct {
  size_t size;
  char text[160];
} line;

static void add(const char *text) {
  while (*text != '\0' && line.size < sizeof line.text) line.text[line.size++] = *text++;
}

static void add_hex(uint32_t value) {
  char text[] = "0x00000000";
  for (int i = 9; i > 1; i--, value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  add(text);
}

static void add_decimal(uint32_t value) {
  char text[11];
  char *start = text + sizeof text - 1;
  *start = '\0';
  do *--start = (char)('0' + value % 10);
  while (value /= 10);
  add(start);
}

// Without a frame: the core had no stack to store it.
static void add_registers(const struct frame *frame) {
  add(": pc ");
  frame ? add_hex(frame->pc) : add("unknown");
  add(", lr ");
  frame ? add_hex(frame->lr) : add("unknown");
#ifdef CFSR
  add(", CFSR ");
  add_hex(CFSR);
#endif
}

static const char *kind(uint32_t exception) {
#ifdef CFSR
  if (CFSR & CFSR_MEM) return "MemManage fault";
  if (CFSR & CFSR_BUS) return "BusFault";
  if (CFSR & CFSR_USAGE) return "UsageFault";
#if __ARM_ARCH >= 8
  if (SFSR) return "SecureFault";
#endif
#endif
  static const char *const names[16] = {
      [2] = "NMI", [3] = "HardFault", [11] = "SVCall", [14] = "PendSV", [15] = "SysTick"};
  return exception < 16 && names[exception] ? names[exception] : "unexpected exception";
}

__attribute__((noreturn)) static void end(void) {
  add(".\n");
  jxe_write(JXE_STDERR, line.text, line.size);
  jxe_exit(JXE_EXIT_FAULT);
}

static void add_stack_overflow(void) {
  add("ERROR(jax_embedded): stack overflow: expected at most ");
  add_decimal((uint32_t)__stack_bytes);
  add(" bytes, found more");
}

__attribute__((noreturn, used)) static void report(const struct frame *frame, uint32_t exception) {
  uintptr_t sp = (uintptr_t)frame;
  bool stored = sp >= (uintptr_t)__stack_bottom && sp <= (uintptr_t)__stack_top - sizeof *frame;
  bool overflow = sp < (uintptr_t)__stack_bottom || jxe_stack_overflowed();
#ifdef CFSR
  overflow = overflow || CFSR & CFSR_STKOF;
  stored = stored && !(CFSR & CFSR_STKOF);
#endif
  if (overflow) {
    add_stack_overflow();
  } else {
    add("ERROR(jax_embedded): ");
    add(kind(exception));
  }
  add_registers(stored ? frame : NULL);
  end();
}

void jxe_report_stack_overflow(void) {
  add_stack_overflow();
  end();
}

// The handler has a stack of its own: the program's may be what failed.
__attribute__((used, aligned(8))) static uint64_t handler_stack[32];

__attribute__((naked)) void jxe_fault(void) {
  __asm__(
      "mrs r0, msp\n\t"
      "mrs r1, ipsr\n\t"
      "ldr r2, =handler_stack + 256\n\t"
      "msr msp, r2\n\t"
      "ldr r2, =report\n\t"
      "bx r2\n\t"
      ".ltorg");
}
