// The energy of six samples.
#include <stdio.h>

#include "vendor/energy.h"

int main(void) {
  const float samples[6] = {1, 2, 3, 4, 5, 6};
  printf("%g\n", energy(samples));
  return 0;
}
