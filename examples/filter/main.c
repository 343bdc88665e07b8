// SPDX-License-Identifier: Apache-2.0
// The filter's answer to a step: it rises, overshoots and settles at 1.
#include <stdio.h>

#include "examples/filter/filter.h"

int main(void) {
  static struct filter_state state;  // zeros: a filter at rest
  for (int i = 0; i <= 100; i++) {
    float y = filter(&state, 1.0f);
    if (i % 10 == 0) printf("%3d %.4f\n", i, y);
  }
  return 0;
}
