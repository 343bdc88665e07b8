#include <stdio.h>
#include "examples/quadratic/quadratic.h"
int main(void) { float l,u; quadratic(1,-3,2,&l,&u); printf("%g %g\n", l, u); return 0; }
