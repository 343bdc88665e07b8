// SPDX-License-Identifier: Apache-2.0
#include "runtime/semihost/semihost.h"

#include <stdint.h>

enum {
  SYS_OPEN = 0x01,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20,
  ADP_Stopped_ApplicationExit = 0x20026,
};

static intptr_t call(int operation, void *arguments) {
  register intptr_t r0 __asm__("r0") = operation;
  register void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

// The console is the file ":tt": opened for reading it is the standard input, for writing the
// output, for appending the errors. (SH_EXT_STDOUT_STDERR.)
static intptr_t handle(enum jxe_stream stream) {
  static intptr_t handles[3];  // 0: not opened yet
  static const unsigned char modes[3] = {0 /* r */, 4 /* w */, 8 /* a */};
  if (handles[stream] == 0) {
    struct {
      const char *name;
      uint32_t mode, length;
    } file = {":tt", modes[stream], 3};
    handles[stream] = call(SYS_OPEN, &file);
  }
  return handles[stream];
}

void jxe_write(enum jxe_stream stream, const void *text, size_t size) {
  struct {
    intptr_t handle;
    const void *text;
    size_t size;
  } data = {handle(stream), text, size};
  call(SYS_WRITE, &data);
}

size_t jxe_read(enum jxe_stream stream, void *text, size_t size) {
  struct {
    intptr_t handle;
    void *text;
    size_t size;
  } data = {handle(stream), text, size};
  intptr_t unread = call(SYS_READ, &data);
  return unread < 0 ? 0 : size - (size_t)unread;
}

int jxe_command_line(char *line, size_t size) {
  struct {
    char *line;
    size_t size;
  } data = {line, size};
  return call(SYS_GET_CMDLINE, &data) == 0 ? 0 : -1;
}

void (*jxe_flush)(void);

void jxe_exit(int code) {
  if (jxe_flush) jxe_flush();
  struct {
    uint32_t reason, code;
  } data = {ADP_Stopped_ApplicationExit, (uint32_t)code};
  for (;;) call(SYS_EXIT_EXTENDED, &data);
}
