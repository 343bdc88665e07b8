// SPDX-License-Identifier: Apache-2.0
// What can become of a program, by its first argument: channel_test.sh says what must be seen of
// it.
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

// The instruction at fault_here reads where no memory is, and where qemu does not ignore that.
#if __ARM_ARCH == 6
#define NO_MEMORY 0x1ffffff0u
#else
#define NO_MEMORY 0xf0000000u
#endif
extern const char fault_here[];
NOINLINE static uint32_t fault(void) {
  uint32_t value;
  __asm__ volatile(
      ".global fault_here\n"
      "fault_here: ldr %0, [%1]"
      : "=r"(value)
      : "r"(NO_MEMORY));
  return value;
}

NOINLINE static void undefined(void) { __asm__ volatile("udf #0"); }

// Volatile, so that no compiler makes a loop of it.
static volatile int more = 1;
NOINLINE static int recurse(int depth) {
  volatile int frame[64];
  frame[depth % 64] = depth;
  return more ? recurse(depth + 1) + frame[depth % 64] : depth;
}

// A frame that ends a few bytes above the end of the stack: no fault, but the guard is written to.
extern char __stack_bottom[];
NOINLINE static void touch_guard(void) {
  volatile char *guard = __stack_bottom;
  guard[4] = 0;
}

static const char initialised[] = "constant";
static char writable[] = "initial";
static int zero[4];
static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = 17; }

static int pass(int argc, char **argv) {
  printf("arguments:");
  for (int i = 2; i < argc; i++) printf(" <%s>", argv[i]);
  printf("\n");
  printf("memory: %s %s %d %d\n", initialised, writable, zero[0] | zero[1] | zero[2] | zero[3],
         constructed);
  errno = 0;
  volatile float negative = -1.0f;
  volatile float root = sqrtf(negative);
  errno = ERANGE;
  printf("float: %.6g %d, errno: %s\n", 1.0 / 3.0, root != root, errno == ERANGE ? "kept" : "lost");
  char word[16] = "";
  if (scanf("%15s", word) == 1) printf("input: %s\n", word);
  fprintf(stderr, "error stream\n");
  printf("a line without an end");
  return 0;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "pass";
  printf("%s\n", mode);
  if (strcmp(mode, "pass") == 0) return pass(argc, argv);
  if (strcmp(mode, "fail") == 0) return 3;
  if (strcmp(mode, "exit") == 0) exit(4);
  if (strcmp(mode, "abort") == 0) abort();
  if (strcmp(mode, "hang") == 0) {
    for (;;) __asm__ volatile("");
  }
  if (strcmp(mode, "fault") == 0) {
    printf("fault_here %08lx\n", (unsigned long)(uintptr_t)fault_here & ~1ul);
    return (int)fault();
  }
  if (strcmp(mode, "undefined") == 0) undefined();
  if (strcmp(mode, "guard") == 0) {
    touch_guard();
    return 0;
  }
  if (strcmp(mode, "overflow") == 0) return recurse(0);
  return 99;
}
