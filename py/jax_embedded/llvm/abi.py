# SPDX-License-Identifier: Apache-2.0
"""The functions that generated code may call: all of them in every C library and compiler runtime.

Source: C99 7.12 (math.h) and 7.21.2; the run-time ABI for the Arm architecture (IHI 0043), 4.
"""

import re

_MATH = """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1
fabs floor fma fmax fmin fmod ldexp lgamma log log10 log1p log2 nearbyint pow rint round sin sinh
sqrt tan tanh tgamma trunc""".split()

C_LIBRARY = frozenset(_MATH) | {name + "f" for name in _MATH} | {"memcpy", "memmove", "memset"}

# glibc has these too, and LLVM knows it.
HOST_LIBRARY = frozenset(["sincos", "sincosf"])

_RUNTIME = re.compile(r"__aeabi_\w+|__(add|sub|mul|div|neg|eq|ne|lt|le|gt|ge|unord)[sd]f[23]|__\w+[sdt]i[234]?")


def is_known(name: str, *, host: bool) -> bool:
    """Whether generated code may call the function."""
    return name in C_LIBRARY or (host and name in HOST_LIBRARY) or bool(_RUNTIME.fullmatch(name))
