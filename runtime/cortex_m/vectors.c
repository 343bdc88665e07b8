// SPDX-License-Identifier: Apache-2.0
// The vector table. A program handles an exception by defining the function of that name (CMSIS's).
// Interrupts of a chip are its vendor's: their table goes with a startup of its own, in place of
// this library.
#include <stdint.h>

#include "runtime/cortex_m/fault.h"
#include "runtime/cortex_m/stack.h"

typedef void handler(void);

handler jxe_reset;

#define WEAK __attribute__((weak, alias("unhandled")))
handler NMI_Handler WEAK;
handler HardFault_Handler WEAK;
handler MemManage_Handler WEAK;
handler BusFault_Handler WEAK;
handler UsageFault_Handler WEAK;
handler SecureFault_Handler WEAK;
handler SVC_Handler WEAK;
handler DebugMon_Handler WEAK;
handler PendSV_Handler WEAK;
handler SysTick_Handler WEAK;

__attribute__((naked, used)) static void unhandled(void) {
  __asm__("ldr r0, =jxe_fault\n\tbx r0\n\t.ltorg");
}

struct vectors {
  uint32_t *stack_top;
  handler *handlers[15];
};

__attribute__((section(".vectors"), used)) const struct vectors jxe_vectors = {
    __stack_top,
    {
        jxe_reset,
        NMI_Handler,
        HardFault_Handler,
        MemManage_Handler,
        BusFault_Handler,
        UsageFault_Handler,
        SecureFault_Handler,
        0,
        0,
        0,
        SVC_Handler,
        DebugMon_Handler,
        0,
        PendSV_Handler,
        SysTick_Handler,
    },
};
