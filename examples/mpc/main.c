// SPDX-License-Identifier: Apache-2.0
// A crane moves its load by a metre: the trolley may accelerate by 0.5 m/s^2, the load must not
// swing.
#include <math.h>
#include <stdio.h>

#include "examples/mpc/mpc.h"

int main(void) {
  static struct mpc_plan plan;
  float x[4] = {0.0f, 0.0f, 0.0f, 0.0f};  // position, speed, angle, rate
  for (int i = 0; i <= 50; i++) {
    float u = mpc(&plan, x, 1.0f);
    if (i % 5 == 0) {
      printf("%.1f s: position %.3f m, angle %5.1f mrad, acceleration %5.2f m/s^2\n", 0.1 * i, x[0],
             1000.0f * x[2], u);
    }
    for (int k = 0; k < 100; k++) {  // the real crane is not linear
      x[0] += 0.001f * x[1];
      x[1] += 0.001f * u;
      x[2] += 0.001f * x[3];
      x[3] += 0.001f * (-9.81f * sinf(x[2]) - u * cosf(x[2]) - 0.1f * x[3]);
    }
  }
  return 0;
}
