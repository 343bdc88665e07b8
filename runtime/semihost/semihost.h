// SPDX-License-Identifier: Apache-2.0
// Arm semihosting: a debugger or an emulator does for the program what an operating system would.
// Without one, the first call is a fault. Source: Semihosting for AArch32 and AArch64,
// https://github.com/ARM-software/abi-aa.
#ifndef JAX_EMBEDDED_RUNTIME_SEMIHOST_SEMIHOST_H_
#define JAX_EMBEDDED_RUNTIME_SEMIHOST_SEMIHOST_H_

#include <stddef.h>

enum jxe_stream { JXE_STDIN, JXE_STDOUT, JXE_STDERR };

// Writes size bytes; they are not kept.
void jxe_write(enum jxe_stream stream, const void *text, size_t size);

// Reads at most size bytes, at least one unless the input is at its end. Returns their number.
size_t jxe_read(enum jxe_stream stream, void *text, size_t size);

// Fills line with the command line and a zero. Returns 0; -1 if it does not fit into size bytes.
int jxe_command_line(char *line, size_t size);

// Ends the program with an exit code, of which the host sees the lowest 8 bits.
__attribute__((noreturn)) void jxe_exit(int code);

// What jxe_exit calls first, if not NULL: set by a stream that holds text back.
extern void (*jxe_flush)(void);

#endif
