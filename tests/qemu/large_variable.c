// SPDX-License-Identifier: Apache-2.0
// More variables than the microbit has RAM.
volatile char variables[20000];
int main(int argc, char **argv) {
  (void)argv;
  return variables[argc];
}
