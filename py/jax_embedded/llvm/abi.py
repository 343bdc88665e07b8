# SPDX-License-Identifier: Apache-2.0
"""The functions that generated code may call: the C library's, the compiler runtime's and ours.

Source: the run-time ABI for the Arm architecture (IHI 0043), 4; for the C library see c_names.py.
"""

from collections.abc import Collection

from jax_embedded.c_names import C_LIBRARY
from jax_embedded.target import Target

# In jax_embedded/dsp.h: a DSP library's, where it is asked for.
DOT = "jxe_dot_f32"
MATRIX_VECTOR = "jxe_matrix_vector_f32"
MATRIX_MATRIX = "jxe_matrix_matrix_f32"
FFT_FUNCTIONS = {length: f"jxe_fft_c64_{length}" for length in (2**n for n in range(4, 13))}
DSP_LIBRARY = frozenset({DOT, MATRIX_VECTOR, MATRIX_MATRIX, *FFT_FUNCTIONS.values()})

_BFLOAT = frozenset({"__truncdfbf2", "__truncsfbf2"})

# glibc has these too, and LLVM knows it; libgcc has those for f16 since GCC 12, for bf16 since 13.
HOST_LIBRARY = _BFLOAT | set("sincos sincosf __extendhfsf2 __truncsfhf2 __truncdfhf2".split())

# In runtime/abi: LLVM calls these, and no compiler runtime for Cortex-M has them.
OURS = _BFLOAT | {"__aeabi_d2h", "__aeabi_f2h", "__aeabi_h2f"}

ARM_RUNTIME = (
    OURS
    | frozenset(
        "__aeabi_" + name
        for name in """dadd ddiv dmul drsub dsub dcmpeq dcmplt dcmple dcmpge dcmpgt dcmpun cdcmpeq
    cdcmple cdrcmple fadd fdiv fmul frsub fsub fcmpeq fcmplt fcmple fcmpge fcmpgt fcmpun cfcmpeq
    cfcmple cfrcmple d2iz d2uiz d2lz d2ulz f2iz f2uiz f2lz f2ulz d2f f2d i2d ui2d l2d ul2d i2f ui2f
    l2f ul2f lmul ldivmod uldivmod llsl llsr lasr lcmp ulcmp idiv uidiv idivmod uidivmod idiv0 ldiv0
    memcpy memcpy4 memcpy8 memmove memmove4 memmove8 memset memset4 memset8 memclr memclr4
    memclr8""".split()
    )
    | {"__clzsi2"}
)  # counts leading zeros, on Cortex-M0


# Objects of libgcc 15: the functions that draw it in, others that it has, its bytes.
_SUM = frozenset({"__aeabi_fadd", "__aeabi_fsub", "__aeabi_frsub"})
_PRODUCT, _QUOTIENT = frozenset({"__aeabi_fmul"}), frozenset({"__aeabi_fdiv"})
_NONE: frozenset[str] = frozenset()
_THUMB2_OBJECTS = ((_SUM, _NONE, 540), (_QUOTIENT, _PRODUCT, 672), (_PRODUCT, _NONE, 360))
_ARMV6M_OBJECTS = (
    (frozenset({"__aeabi_fadd"}), _NONE, 1112),
    (_SUM - {"__aeabi_fadd"}, _NONE, 1172),
    (_QUOTIENT, _NONE, 680),
    (_PRODUCT, _NONE, 660),
    (frozenset({"__clzsi2"}), _NONE, 60),
)
_OBJECTS = ((frozenset({"__aeabi_lasr"}), _NONE, 28),)


def library_bytes(called: Collection[str], target: Target) -> int:
    """About how many bytes of the compiler runtime the functions draw in on a core without an FPU,
    as far as they tell one way to make sums of products from another.
    """
    left, found = {*called}, 0
    objects = _THUMB2_OBJECTS if target.multiplies_long else _ARMV6M_OBJECTS
    for names, others, size in objects + _OBJECTS:
        if left & names:
            left -= names | others
            found += size
    return found


def is_known(name: str, *, host: bool) -> bool:
    """Whether generated code may call the function."""
    return name in C_LIBRARY or name in (HOST_LIBRARY if host else ARM_RUNTIME | DSP_LIBRARY)
