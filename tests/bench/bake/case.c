// SPDX-License-Identifier: Apache-2.0
#include "runtime/judge/judge.h"

void run(void);

static void call(const struct jxe_memory *memories) {
  (void)memories;
  run();
}

int main(void) { return jxe_judge(&(const struct jxe_function){.name = "run", .call = call}); }
