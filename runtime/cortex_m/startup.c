// SPDX-License-Identifier: Apache-2.0
// From reset to main and from there to the end. Symbols that begin with __ are sections.ld's.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/cortex_m/fault.h"
#include "runtime/cortex_m/stack.h"
#include "runtime/semihost/semihost.h"

extern uint32_t __data_start[], __data_end[], __data_source[], __bss_start[], __bss_end[];
extern char __tls_start[];
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

int main(int argc, char **argv);

#ifdef __THREAD_LOCAL_STORAGE_API
// picolibc's: where errno and other thread-local variables are. newlib has none.
void _set_tls(void *tls);
#else
static void _set_tls(void *tls) { (void)tls; }
#endif

// Splits the command line into words: a blank ends one, a backslash keeps the next character,
// double quotes keep blanks.
static int split(char *line, char **words, int most) {
  int count = 0;
  char *from = line, *to = line;
  while (*from != '\0' && count < most) {
    while (*from == ' ') from++;
    if (*from == '\0') break;
    words[count++] = to;
    for (int quoted = 0; *from != '\0' && (quoted || *from != ' '); from++) {
      if (*from == '"') {
        quoted = !quoted;
        continue;
      }
      if (*from == '\\' && from[1] != '\0') from++;
      *to++ = *from;
    }
    if (*from != '\0') from++;
    *to++ = '\0';
  }
  words[count] = NULL;
  return count;
}

static int call_main(void) {
  static char line[256];
  static char *words[33];
  if (jxe_command_line(line, sizeof line) != 0) {
    static const char text[] =
        "ERROR(jax_embedded): command line: expected at most 255 bytes, found more.\n";
    jxe_write(JXE_STDERR, text, sizeof text - 1);
    jxe_exit(2);
  }
  return main(split(line, words, 32), words);
}

#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
// Armv7-M Architecture Reference Manual, B3.2.20: full access to the coprocessors 10 and 11, the
// FPU and MVE.
static void enable_fpu(void) {
  volatile uint32_t *cpacr = (uint32_t *)0xe000ed88;
  *cpacr |= 0xfu << 20;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#else
static void enable_fpu(void) {}
#endif

__attribute__((noreturn, used)) void jxe_reset(void) {
  jxe_paint_stack();
  enable_fpu();
  const uint32_t *from = __data_source;
  for (uint32_t *to = __data_start; to != __data_end;) *to++ = *from++;
  for (uint32_t *to = __bss_start; to != __bss_end;) *to++ = 0;
  _set_tls(__tls_start);
  for (void (*const *f)(void) = __init_array_start; f != __init_array_end; f++) (*f)();
  exit(call_main());
}

// What exit and abort of the C library end in.
__attribute__((noreturn)) void _exit(int code) {
  if (jxe_stack_overflowed()) jxe_report_stack_overflow();
  jxe_exit(code);
}
