# SPDX-License-Identifier: Apache-2.0
"""Which names C and C++ leave to us."""

import re

from jax_embedded.errors import ExportError

_C = """auto break case char const continue default do double else enum extern float for goto if
inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while bool true false nullptr constexpr typeof alignas alignof static_assert
thread_local"""
_CPP = """and and_eq asm bitand bitor catch char8_t char16_t char32_t class co_await co_return
co_yield compl concept const_cast consteval constinit decltype delete dynamic_cast explicit export
friend mutable namespace new noexcept not not_eq operator or or_eq private protected public
reinterpret_cast requires static_cast template this throw try typeid typename using virtual wchar_t
xor xor_eq"""
KEYWORDS = frozenset(_C.split()) | frozenset(_CPP.split())

_MATH = """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2
expm1 fabs floor fma fmax fmin fmod ldexp lgamma log log10 log1p log2 nearbyint pow rint round sin
sinh sqrt tan tanh tgamma trunc""".split()

# What generated code may call. Source: C99 7.12 (math.h) and 7.21.
C_LIBRARY = frozenset(_MATH) | {name + "f" for name in _MATH} | {"memcpy", "memmove", "memset"}

# Defining one of these again would make a function call itself, or replace the C library's.
_TAKEN = C_LIBRARY | frozenset("main abort exit memcmp malloc free printf sincos sincosf".split())


def check_c_name(name: str, role: str, fix: str, *, external: bool = False) -> None:
    """Checks a name that is about to go into a header.

    role: what bears it, such as "argument int".
    fix: what the user can do.
    external: whether the linker sees it.
    Errors: ExportError if a C or C++ program cannot use the name.
    """
    if name in KEYWORDS:
        found = f"{name}, a keyword of C or C++"
    elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        found = f'"{name}"'
    elif external and name in _TAKEN:
        found = f"{name}, a function of the C library"
    elif external and name.startswith("jxe_"):
        found = f"{name}, reserved to jax_embedded"
    elif name.startswith("__") or re.match(r"_[A-Z]", name):
        found = f"{name}, reserved to the C compiler"
    else:
        return
    raise ExportError("c-name", f"{role}: expected a name that C can use, found {found}", fix)
