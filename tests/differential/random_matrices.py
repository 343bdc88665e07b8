# SPDX-License-Identifier: Apache-2.0
"""Random JAX functions of a few small matrices, as Python source, made by hypothesis: code without
branches, with more values than there are registers.
"""

from collections.abc import Mapping

from hypothesis import strategies as st

Inputs = Mapping[str, tuple[str, tuple[int, ...]]]

# Of positive numbers: a sum in which they cancel has more error than the bound allows for.
_OPERATIONS = [
    "{a} @ {b}",
    "{a} @ {b}.T",
    "{a}.T @ {b}",
    "{a} @ {b} + {c}",
    "jnp.outer({a} @ y, y @ {b}) * 0.1",
    "{a} * {b}",
    "{a} + 2.0 * {b}",
    "{a} / (1.0 + {b})",
    "jnp.minimum({a}, s * {b})",
    "({a} * s).T",
    "jnp.flip({a}, axis=0) + {b}",
    "{a}.at[1:].add({b}[1:])",
]


# Larger ones have loops.
SIZES = (4, 5, 3, 5)


def inputs(n: int) -> Inputs:
    """Square matrices, a vector, a number."""
    matrices = dict.fromkeys(("p", "q", "r"), ("f32", (n, n)))
    return {**matrices, "y": ("f32", (n,)), "s": ("f32", ())}


@st.composite
def programs(draw: st.DrawFn, arguments: Inputs) -> str:
    """The source of a function f of these that returns several of its values."""
    names = [name for name, (_, dims) in arguments.items() if len(dims) == 2]
    lines = [f"    {name} = jnp.abs({name}) * 0.5" for name in arguments]
    computed = []
    for number in range(draw(st.integers(5, 14))):
        # Long chains leave more temporaries.
        operands = {key: draw(st.sampled_from(names + 2 * names[-3:])) for key in "abc"}
        text = draw(st.sampled_from(_OPERATIONS)).format(**operands)
        lines.append(f"    v{number} = {text}")
        names.append(f"v{number}")
        computed.append(f"v{number}")
    returned = draw(st.lists(st.sampled_from(computed), min_size=1, max_size=3, unique=True))
    body = "\n".join(lines)
    return (
        "import jax.numpy as jnp\n\n\n"
        f"def f({', '.join(arguments)}):\n{body}\n    return {', '.join(returned)},\n"
    )
