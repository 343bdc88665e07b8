// SPDX-License-Identifier: Apache-2.0
__asm__(
    ".syntax unified\n"
    ".thumb\n"
    ".section .text.measured, \"ax\"\n"
    ".global measured\n"
    ".type measured, %function\n"
    ".thumb_func\n"
    "measured:\n"
    "  bx r1\n");
