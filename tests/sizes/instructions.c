// SPDX-License-Identifier: Apache-2.0
// A plugin of qemu that counts the instructions that are executed between two addresses:
//
//   -plugin instructions.so,begin=0xADDRESS,end=0xADDRESS,out=FILE[,profile=FILE]
//           [,reads=FILE,from=0xADDRESS,to=0xADDRESS]
//
// begin is a call, end where it returns to. out gets a line for each call, with what ran in
// between: 1 for a function that only returns. An instruction in an IT block whose condition fails
// is one too.
//
// profile gets what the first call executed, a line for each instruction, some in several: its
// address in hexadecimal, how often it was executed, and after how many of these not the one behind
// it in memory was next.
//
// reads gets a line for each call, with how often it read data that lie at `from` or behind, before
// `to`.
//
// Of qemu's interface, version 7, which has no header where qemu is installed without its sources,
// this declares what it needs. Source: QEMU documentation, TCG Plugins, API.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_R = 1 };

typedef void (*on_translation)(struct qemu_plugin_tb *block, void *userdata);
typedef void (*on_execution)(unsigned cpu, void *userdata);
typedef void (*on_access)(unsigned cpu, uint32_t info, uint64_t address, void *userdata);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, on_translation call, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, on_execution call,
                                            int flags, void *userdata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction, on_access call,
                                      int flags, int accesses, void *userdata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

int qemu_plugin_version = 7;
int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int count, char **options);

// As translated; there may be several of an address.
struct instruction {
  uint64_t address, behind, executed, left;
  struct instruction *next;
};

static uint64_t begin, end, counted, from, to, read;
static bool counting;
static FILE *out, *profile, *reads;
static struct instruction *all, *last;

static void write_profile(void) {
  for (const struct instruction *i = all; i != NULL; i = i->next) {
    if (i->executed == 0) continue;
    fprintf(profile, "%llx %llu %llu\n", (unsigned long long)i->address,
            (unsigned long long)i->executed, (unsigned long long)i->left);
  }
  fclose(profile);
  profile = NULL;
}

static void execute(unsigned cpu, void *userdata) {
  (void)cpu;
  struct instruction *now = userdata;
  if (counting && last != NULL && last->behind != now->address) last->left++;
  last = now;
  if (counting && now->address == end) {
    fprintf(out, "%llu\n", (unsigned long long)counted);
    fflush(out);
    counting = false;
    if (reads != NULL) {
      fprintf(reads, "%llu\n", (unsigned long long)read);
      fflush(reads);
    }
    if (profile != NULL) write_profile();
  }
  if (counting) {
    counted++;
    now->executed++;
  }
  if (now->address == begin) {
    counting = true;
    counted = read = 0;
    last = NULL;
  }
}

static void access_data(unsigned cpu, uint32_t info, uint64_t address, void *userdata) {
  (void)cpu;
  (void)info;
  (void)userdata;
  if (counting && address >= from && address < to) read++;
}

static void translate(struct qemu_plugin_tb *block, void *userdata) {
  (void)userdata;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
    struct qemu_plugin_insn *translated = qemu_plugin_tb_get_insn(block, i);
    struct instruction *made = calloc(1, sizeof *made);
    if (made == NULL) abort();
    made->address = qemu_plugin_insn_vaddr(translated);
    made->behind = made->address + qemu_plugin_insn_size(translated);
    made->next = all;
    all = made;
    qemu_plugin_register_vcpu_insn_exec_cb(translated, execute, QEMU_PLUGIN_CB_NO_REGS, made);
    if (reads != NULL) {
      qemu_plugin_register_vcpu_mem_cb(translated, access_data, QEMU_PLUGIN_CB_NO_REGS,
                                       QEMU_PLUGIN_MEM_R, NULL);
    }
  }
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int count, char **options) {
  (void)info;
  for (int i = 0; i < count; i++) {
    if (strncmp(options[i], "begin=", 6) == 0) begin = strtoull(options[i] + 6, NULL, 0);
    if (strncmp(options[i], "end=", 4) == 0) end = strtoull(options[i] + 4, NULL, 0);
    if (strncmp(options[i], "out=", 4) == 0) out = fopen(options[i] + 4, "w");
    if (strncmp(options[i], "profile=", 8) == 0) profile = fopen(options[i] + 8, "w");
    if (strncmp(options[i], "reads=", 6) == 0) reads = fopen(options[i] + 6, "w");
    if (strncmp(options[i], "from=", 5) == 0) from = strtoull(options[i] + 5, NULL, 0);
    if (strncmp(options[i], "to=", 3) == 0) to = strtoull(options[i] + 3, NULL, 0);
  }
  if (begin == 0 || end == 0 || out == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translate, NULL);
  return 0;
}
