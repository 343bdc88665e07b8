// SPDX-License-Identifier: Apache-2.0
#ifndef JAX_EMBEDDED_RUNTIME_CORTEX_M_FAULT_H_
#define JAX_EMBEDDED_RUNTIME_CORTEX_M_FAULT_H_

// Exit code after a fault: what a shell shows on the host after a segmentation fault.
enum { JXE_EXIT_FAULT = 128 + 11 };

// What every exception leads to that the program does not handle: one line on stderr, and the end.
void jxe_fault(void);

// The line and the end for an overflow that did no other harm.
__attribute__((noreturn)) void jxe_report_stack_overflow(void);

#endif
