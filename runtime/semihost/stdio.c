// SPDX-License-Identifier: Apache-2.0
// The C library's standard streams and exit, by semihosting: what picolibc and what newlib ask for.
#include <stdio.h>

#include "runtime/semihost/semihost.h"

#ifdef __PICOLIBC__

struct line {
  FILE file;
  enum jxe_stream stream;
  unsigned size;
  char text[80];
};

static int flush(FILE *file) {
  struct line *line = (struct line *)file;
  if (line->size != 0) jxe_write(line->stream, line->text, line->size);
  line->size = 0;
  return 0;
}

static void flush_all(void);

static int put(char c, FILE *file) {
  struct line *line = (struct line *)file;
  jxe_flush = flush_all;
  line->text[line->size++] = c;
  if (c == '\n' || line->size == sizeof line->text) flush(file);
  return (unsigned char)c;
}

static int get(FILE *file) {
  (void)file;
  unsigned char c;
  return jxe_read(JXE_STDIN, &c, 1) == 1 ? c : EOF;
}

static struct line out = {
    .file = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE),
    .stream = JXE_STDOUT,
};
static struct line err = {
    .file = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE),
    .stream = JXE_STDERR,
};
static FILE in = FDEV_SETUP_STREAM(NULL, get, NULL, _FDEV_SETUP_READ);

FILE *const stdin = &in;
FILE *const stdout = &out.file;
FILE *const stderr = &err.file;

static void flush_all(void) {
  flush(&out.file);
  flush(&err.file);
}

#else  // newlib

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

// newlib's printf allocates; it gets the memory that the program leaves.
extern char __heap_start[], __heap_end[];

void *_sbrk(ptrdiff_t size) {
  static char *end = __heap_start;
  char *start = end;
  if (size > __heap_end - start) {
    errno = ENOMEM;
    return (void *)-1;
  }
  end += size;
  return start;
}

int _write(int file, const char *text, int size) {
  jxe_write((enum jxe_stream)file, text, (size_t)size);
  return size;
}

int _read(int file, char *text, int size) {
  return (int)jxe_read((enum jxe_stream)file, text, (size_t)size);
}

int _isatty(int file) {
  (void)file;
  return 1;
}

int _fstat(int file, struct stat *status) {
  (void)file;
  status->st_mode = S_IFCHR;
  return 0;
}

int _lseek(int file, int offset, int from) {
  (void)file, (void)offset, (void)from;
  return 0;
}

int _close(int file) {
  (void)file;
  return -1;
}

int _kill(int process, int signal) {
  (void)process, (void)signal;
  errno = EINVAL;
  return -1;
}

int _getpid(void) { return 1; }

// Of GCC's crti.o; exit calls it.
void _fini(void) {}

#endif
