// SPDX-License-Identifier: Apache-2.0
// Before runtime/judge calls FUNCTION with all cases: calls it with the first, and prints how many
// bytes of the stack it wrote. The program is linked with --wrap=FUNCTION and --wrap=jxe_judge.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/judge/judge.h"

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

extern uint32_t __stack_bottom[];
static const uint32_t PAINT = 0xc5c5c5c5;

// What the wrapper keeps, in this order: lr, sp, r5.
volatile uint32_t jxe_kept[3];

// Between the caller and the function: all registers and the stack are as the caller passes them.
// The instructions from jxe_begin to jxe_end are counted.
__asm__(
    ".syntax unified\n"
    ".thumb\n"
    ".text\n"
    ".global __wrap_" TEXT(FUNCTION) ", jxe_begin, jxe_end\n"
    ".type __wrap_" TEXT(FUNCTION) ", %function\n"
    ".thumb_func\n"
    "__wrap_" TEXT(FUNCTION) ":\n"
    "  mov ip, r4\n"
    "  ldr r4, =jxe_kept\n"
    "  str r5, [r4, #8]\n"
    "  mov r5, lr\n"
    "  str r5, [r4]\n"
    "  mov r5, sp\n"
    "  str r5, [r4, #4]\n"
    "  ldr r5, [r4, #8]\n"
    "  mov r4, ip\n"
    "jxe_begin:\n"
    "  bl __real_" TEXT(FUNCTION) "\n"
    "jxe_end:\n"
    "  ldr r2, =jxe_kept\n"
    "  ldr r3, [r2]\n"
    "  bx r3\n"
    ".ltorg\n");

static size_t element_bytes(enum jxe_dtype dtype) {
  switch (dtype) {
    case JXE_BOOL:
    case JXE_I8:
    case JXE_U8:
      return 1;
    case JXE_I16:
    case JXE_U16:
    case JXE_F16:
    case JXE_BF16:
      return 2;
    case JXE_I32:
    case JXE_U32:
    case JXE_F32:
      return 4;
    case JXE_I64:
    case JXE_U64:
    case JXE_F64:
      return 8;
  }
  return 0;
}

static void set_inputs(const struct jxe_function *function) {
  for (uint32_t a = 0; a < function->argument_count; a++) {
    const struct jxe_array *argument = &function->arguments[a];
    memcpy(function->memories[argument->memory].bytes + argument->offset,
           function->cases[0].inputs[a], argument->elements * element_bytes(argument->dtype));
  }
}

int __real_jxe_judge(const struct jxe_function *function);
int __wrap_jxe_judge(const struct jxe_function *function);

int __wrap_jxe_judge(const struct jxe_function *function) {
  set_inputs(function);
  uint32_t *sp;
  __asm__ volatile("mov %0, sp" : "=r"(sp));
  for (volatile uint32_t *word = __stack_bottom; word < sp; word++) *word = PAINT;
  function->call(function->memories);
  const volatile uint32_t *deepest = __stack_bottom;
  while ((uintptr_t)deepest < jxe_kept[1] && *deepest == PAINT) deepest++;
  printf("%lu\n", (unsigned long)(jxe_kept[1] - (uintptr_t)deepest));
  return __real_jxe_judge(function);
}
