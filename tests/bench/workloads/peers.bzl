"""Whom the exporter is compared with."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load(":workloads.bzl", "WITH_WEIGHTS", "WORKLOADS")

_PLAIN = {
    "gcc-O3": ["-O3"],
    "gcc-O3-ffast-math": [
        "-O3",
        "-ffast-math",
    ],
    "gcc-Os": ["-Os"],
}

_CMSIS_DSP = [
    "dot",
    "matvec",
    "matmul",
    "fir",
    "narrow_matmul",
]

# Peer -> workload -> label of a library with the C function that the workload's header declares. A peer may lack some.
PEERS = {
    peer: {
        workload: ":%s.%s" % (workload, peer)
        for workload in WORKLOADS
    }
    for peer in _PLAIN
} | {
    "CMSIS-DSP": {
        workload: ":%s.CMSIS-DSP" % workload
        for workload in _CMSIS_DSP
    },
}

def _library(name, **kwargs):
    cc_library(
        name = name,
        testonly = True,
        linkopts = ["-lm"],
        tags = ["manual"],
        target_compatible_with = ["@platforms//os:none"],
        **kwargs
    )

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

def plain_c():
    """WORKLOAD.PEER: plain/WORKLOAD.c as each of the compiler's settings makes it."""
    for workload in WORKLOADS:
        for peer, copts in _PLAIN.items():
            _library(
                name = "%s.%s" % (workload, peer),
                srcs = ["plain/%s.c" % workload] + (
                    [workload + "_weights.h"] if workload in WITH_WEIGHTS else []
                ),
                copts = copts + _WARNINGS,
                deps = [
                    ":dense",
                    ":%s.header" % workload,
                ],
            )

def cmsis_dsp():
    """WORKLOAD.CMSIS-DSP: cmsis_dsp/WORKLOAD.c, which calls the library."""
    for workload in _CMSIS_DSP:
        _library(
            name = "%s.CMSIS-DSP" % workload,
            srcs = ["cmsis_dsp/%s.c" % workload],
            copts = ["-Ofast"] + _WARNINGS,
            deps = [
                ":%s.header" % workload,
                "@jax_embedded_cmsis_dsp//:cmsis_dsp",
            ],
        )
