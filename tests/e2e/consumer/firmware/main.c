// Four counts of the converter in, degrees out.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/calibration.h"

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "expected four counts, found %d\n", argc - 1);
    return 2;
  }
  int32_t counts[4];
  for (int i = 0; i < 4; ++i) counts[i] = (int32_t)strtol(argv[i + 1], NULL, 10);
  float mean, peak;
  calibration(counts, &mean, &peak);
  printf("mean %g peak %g\n", mean, peak);
  return 0;
}
