// SPDX-License-Identifier: Apache-2.0
// The Earth, a comet, and a circle, a quarter of their period after the perihelion.
#include <stdint.h>
#include <stdio.h>

#include "examples/bounded_search/bounded_search.h"

int main(void) {
  static const float eccentricity[] = {0.0167f, 0.9f, 0.0f};
  for (int i = 0; i < 3; i++) {
    float angle;
    int32_t steps;
    bounded_search(1.5708f, eccentricity[i], &angle, &steps);
    printf("eccentricity %.4f: %.4f rad after %d steps\n", eccentricity[i], angle, (int)steps);
  }
  return 0;
}
