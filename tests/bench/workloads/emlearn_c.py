# SPDX-License-Identifier: Apache-2.0
"""Writes the workloads that are networks as emlearn generates them in C, and its headers.

emlearn_c.py OUT...: FOLDER/WORKLOAD.emlearn.c or FOLDER/HEADER.h
"""

import sys
from pathlib import Path

import setuptools  # noqa: F401 has the distutils that emlearn imports
from emlearn import cgen, includedir, net
from weights import WEIGHTS

ACTIVATIONS = {"autoencoder": "relu", "mlp_relu": "relu", "mlp_tanh": "tanh"}


def constant(value, dtype="float"):
    """Every digit: emlearn itself writes six behind the point, which are less than a float has."""
    return f"{value:.9e}f" if dtype == "float" else str(value)


def source(workload):
    """C that defines the workload, with emlearn's loadable network."""
    arrays = list(WEIGHTS[workload].values())
    weights, biases = [w.T for w in arrays[0::2]], arrays[1::2]
    activations = [ACTIVATIONS[workload]] * (len(weights) - 1) + ["identity"]
    code = net.c_generate_net_loadable(activations, weights, biases, prefix="net")
    inputs, outputs = weights[0].shape[0], weights[-1].shape[1]
    return f"""{code}
#include "tests/bench/workloads/{workload}.h"

void {workload}(const float *x, float *restrict out) {{
  net_regress(x, {inputs}, out, {outputs});
}}
"""


cgen.constant = constant
for out in map(Path, sys.argv[1:]):
    if out.suffix == ".h":
        out.write_bytes(Path(includedir, out.name).read_bytes())
    else:
        out.write_text(source(out.name.partition(".")[0]))
