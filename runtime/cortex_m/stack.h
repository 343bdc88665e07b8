// SPDX-License-Identifier: Apache-2.0
// The main stack lies at the lower end of the memory, so that an overflow leaves it and is a fault.
// Where memory lies below it after all, the guard, its lowest words, tell.
#ifndef JAX_EMBEDDED_RUNTIME_CORTEX_M_STACK_H_
#define JAX_EMBEDDED_RUNTIME_CORTEX_M_STACK_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Of sections.ld. The address of __stack_bytes is the size.
extern uint32_t __stack_bottom[], __stack_top[];
extern char __stack_bytes[];

// Fills the unused stack with a pattern, and sets its limit where the core has one.
void jxe_paint_stack(void);

// Whether the program wrote to the guard.
bool jxe_stack_overflowed(void);

#endif
