// SPDX-License-Identifier: Apache-2.0
// The address of each function that generated code may call: a program with this links only if all
// of them exist.
#include <stdint.h>
#include <stdio.h>

extern const uintptr_t functions[], functions_end[];

__asm__(
    ".section .rodata.functions, \"a\"\n"
    ".balign 4\n"
    ".global functions, functions_end\n"
    "functions:\n"
#define JXE_ABI(name) ".word " #name "\n"
#include "jax_embedded/abi.h"
    "functions_end:\n"
    ".text\n");

int main(void) {
  int missing = 0;
  for (const uintptr_t *f = functions; f != functions_end; f++) missing += *f == 0;
  printf("%d functions, %d missing\n", (int)(functions_end - functions), missing);
  return missing != 0 || functions_end - functions < 100;
}
