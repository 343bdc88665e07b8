// SPDX-License-Identifier: Apache-2.0
// A function of which one knows what it takes: 2 * 1000 + 4 instructions and 16 bytes of stack.
#include <stdint.h>

void known(uint32_t turns);

__asm__(
    ".syntax unified\n"
    ".thumb\n"
    ".section .text.known, \"ax\"\n"
    ".global known\n"
    ".type known, %function\n"
    ".thumb_func\n"
    "known:\n"
    "  push {r4-r7}\n"
    "  nop\n"
    "1:\n"
    "  subs r0, #1\n"
    "  bne 1b\n"
    "  pop {r4-r7}\n"
    "  bx lr\n");
