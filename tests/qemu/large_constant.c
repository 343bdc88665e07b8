// SPDX-License-Identifier: Apache-2.0
// More constants than the microbit has flash.
volatile const char constants[300000] = {1};
int main(int argc, char **argv) {
  (void)argv;
  return constants[argc];
}
