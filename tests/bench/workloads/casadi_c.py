# SPDX-License-Identifier: Apache-2.0
"""Writes the workloads as CasADi generates them in C. It stores matrices by columns: all are the
transposes here, and what is a vector is a row.

casadi_c.py OUT...: FOLDER/WORKLOAD.CasADi-SX.c or FOLDER/WORKLOAD.CasADi-MX.c
"""

import sys
from pathlib import Path

import casadi
from weights import WEIGHTS

FLOAT32 = {"casadi_real": "float", "casadi_int": "int", "with_header": False}
# Of what it works in, on the stack.
MOST_FLOATS = 8192


def times(a, b):
    """The transpose of a product of matrices that are transposed themselves."""
    return casadi.mtimes(b, a)


def sigmoid(x):
    return 1 / (1 + casadi.exp(-x))


def relu(x):
    return casadi.fmax(x, 0)


def quadratic(a, b, c):
    root = casadi.sqrt(b * b - 4 * a * c)
    return (-b + root) / (2 * a), (-b - root) / (2 * a)


def fir(taps, x):
    samples = casadi.horzsplit(x)
    last = taps.numel() - 1
    return casadi.horzcat(
        *(
            sum(taps[k] * samples[n + last - k] for k in range(last + 1))
            for n in range(len(samples) - last)
        )
    )


def layers(weights, x, activation):
    """Layers of which all but the last are activated."""
    last = len(weights) // 2 - 1
    for i in range(last + 1):
        x = dense(weights[f"w{i}"], weights[f"b{i}"], x)
        x = activation(x) if i < last else x
    return x


def dense(w, b, x):
    return times(casadi.DM(w.T), x) + casadi.DM(b).T


def kalman(x, p, z, f, h, q, r):
    x = times(f, x)
    p = times(times(f, p), f.T) + q
    residual = z - times(h, x)
    pht = times(p, h.T)
    (a, c), (b, d) = map(casadi.vertsplit, casadi.horzsplit(times(h, pht) + r))
    inverse = casadi.blockcat([[d, -c], [-b, a]]) * (1 / (a * d - b * c))
    gain = times(pht, inverse)
    rest = casadi.DM.eye(4) - times(gain, h)
    return x + times(gain, residual), times(rest, p)


def depthwise(x):
    w, b = WEIGHTS["depthwise"].values()
    size, channels = 12, 6
    values = casadi.horzsplit(x)

    def sum_at(i, j, c):
        total = float(b[c])
        for y in range(max(0, i - 1), min(size, i + 2)):
            for z in range(max(0, j - 1), min(size, j + 2)):
                weight = float(w[y - i + 1, z - j + 1, 0, c])
                total += weight * values[(y * size + z) * channels + c]
        return total

    return casadi.horzcat(
        *(sum_at(i, j, c) for i in range(size) for j in range(size) for c in range(channels))
    )


def softmax(x):
    powers = casadi.exp(x - casadi.mmax(x))
    return powers / casadi.sum2(powers)


def gru(h, x):
    weights = {name: array.astype(float) for name, array in WEIGHTS["gru"].items()}
    of_input = casadi.horzsplit(dense(weights["w"], weights["b"], x), 16)
    of_state = casadi.horzsplit(dense(weights["u"], weights["c"], h), 16)
    update, reset = (sigmoid(of_input[i] + of_state[i]) for i in range(2))
    candidate = casadi.tanh(of_input[2] + reset * of_state[2])
    return (1 - update) * candidate + update * h


# Function and shapes of its inputs, as CasADi has them.
WORKLOADS = {
    "quadratic": (quadratic, {"a": (1, 1), "b": (1, 1), "c": (1, 1)}),
    "dot": (casadi.dot, {"x": (1, 256), "y": (1, 256)}),
    "matvec": (times, {"a": (64, 64), "b": (1, 64)}),
    "matmul": (times, {"a": (32, 32), "b": (32, 32)}),
    "mlp_tanh": (lambda x: layers(WEIGHTS["mlp_tanh"], x, casadi.tanh), {"x": (1, 2)}),
    "mlp_relu": (lambda x: layers(WEIGHTS["mlp_relu"], x, relu), {"x": (1, 64)}),
    "autoencoder": (lambda x: layers(WEIGHTS["autoencoder"], x, relu), {"x": (1, 640)}),
    "kalman": (
        kalman,
        {"x": (1, 4), "p": (4, 4), "z": (1, 2), "f": (4, 4), "h": (4, 2), "q": (4, 4), "r": (2, 2)},
    ),
    "fir": (fir, {"taps": (1, 32), "x": (1, 159)}),
    "narrow_matmul": (times, {"a": (9, 7), "b": (5, 9)}),
    "depthwise": (depthwise, {"x": (1, 864)}),
    "softmax": (softmax, {"x": (1, 50)}),
    "gru": (gru, {"h": (1, 16), "x": (1, 8)}),
}


def source(workload, kind):
    """C that defines the workload. kind: SX expands all to scalars, MX calls loops."""
    function, shapes = WORKLOADS[workload]
    inputs = [getattr(casadi, kind).sym(name, *shape) for name, shape in shapes.items()]
    outputs = function(*inputs)
    made = casadi.Function("made", inputs, outputs if isinstance(outputs, tuple) else (outputs,))
    generator = casadi.CodeGenerator("made.c", FLOAT32)
    generator.add(made)
    return generator.dump() + definition(workload, made, list(shapes))


def definition(workload, made, names):
    """The function that the workload's header declares, which calls CasADi's."""
    parameters, arguments = [], []
    for i, name in enumerate(names):
        scalar = made.numel_in(i) == 1
        parameters.append(f"float {name}" if scalar else f"const float *{name}")
        arguments.append(f"&{name}" if scalar else name)
    outs = [f"out{i}" for i in range(made.n_out())]
    returns = workload == "dot"  # all others give arrays, or more than one result
    if not returns:
        parameters += [f"float *restrict {out}" for out in outs]
    return f"""
#include "tests/bench/workloads/{workload}.h"

{"float" if returns else "void"} {workload}({", ".join(parameters)}) {{
  {"float out0;" if returns else ""}
  const float *arg[{made.sz_arg()}] = {{{", ".join(arguments)}}};
  float *res[{made.sz_res()}] = {{{"&out0" if returns else ", ".join(outs)}}};
  int iw[{max(made.sz_iw(), 1)}];
  {"static" if made.sz_w() > MOST_FLOATS else ""} float w[{max(made.sz_w(), 1)}];
  made(arg, res, iw, w, 0);
  {"return out0;" if returns else ""}
}}
"""


for out in map(Path, sys.argv[1:]):
    name, peer, _ = out.name.split(".")
    out.write_text(source(name, peer.removeprefix("CasADi-")))
