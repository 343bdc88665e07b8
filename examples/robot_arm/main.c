// SPDX-License-Identifier: Apache-2.0
// An arm that hangs is lifted, held, and folded: angles in rad, torques in N m.
#include <stdio.h>

#include "examples/robot_arm/robot_arm.h"

int main(void) {
  struct robot_arm_state state = {0};
  for (int i = 0; i <= 600; i++) {
    float target[2] = {i < 300 ? 1.57f : 0.8f, i < 300 ? 0.0f : 1.5f}, torque[2];
    robot_arm(&state, target, torque);
    if (i % 50 == 0) {
      printf("%.1f s: shoulder %.3f of %.2f, torque %6.2f; elbow %.3f of %.2f, torque %6.2f\n",
             0.01 * i, state.angle[0], target[0], torque[0], state.angle[1], target[1], torque[1]);
    }
  }
  return 0;
}
