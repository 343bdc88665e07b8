"""Whom the exporter is compared with."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load(":clang.bzl", "clang_object")
load(":workloads.bzl", "WITH_WEIGHTS", "WORKLOADS")

_SETTINGS = {
    "O3": ["-O3"],
    "O3-ffast-math": [
        "-O3",
        "-ffast-math",
    ],
    "Os": ["-Os"],
}
_PLAIN = {
    "%s-%s" % (compiler, setting): (compiler, copts)
    for compiler in [
        "gcc",
        "clang",
    ]
    for setting, copts in _SETTINGS.items()
}

_CMSIS_DSP = [
    "dot",
    "matvec",
    "matmul",
    "fir",
    "narrow_matmul",
]

# Those of plain/ whose layers call it.
_CMSIS_DSP_LAYERS = [
    "mlp_tanh",
    "mlp_relu",
    "autoencoder",
    "gru",
]

# SX expands all to scalars, MX calls loops. Of those of mlp_tanh GCC makes assembly for the M55 that has no encoding.
_CASADI = {
    "MX": [
        "dot",
        "matvec",
        "matmul",
        "mlp_relu",
        "autoencoder",
        "kalman",
        "narrow_matmul",
        "softmax",
        "gru",
    ],
    "SX": [
        "quadratic",
        "dot",
        "matvec",
        "mlp_tanh",
        "mlp_relu",
        "kalman",
        "fir",
        "narrow_matmul",
        "depthwise",
        "softmax",
        "gru",
    ],
}

# Those of plain/ with sums of more than 16 products that JAX does not add up one after the other: with IN_PARTS, they are
# made in parts.
_IN_PARTS = [
    "dot",
    "matvec",
    "mlp_relu",
    "autoencoder",
    "fir",
    "conv",
]

_EMLEARN = [
    "mlp_tanh",
    "mlp_relu",
    "autoencoder",
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
        for workload in _CMSIS_DSP + _CMSIS_DSP_LAYERS
    },
    "gcc-Os-in-parts": {
        workload: ":%s.gcc-Os-in-parts" % workload
        for workload in _IN_PARTS
    },
} | {
    "CasADi-" + kind: {
        workload: ":%s.CasADi-%s" % (workload, kind)
        for workload in workloads
    }
    for kind, workloads in _CASADI.items()
} | {
    "emlearn": {
        workload: ":%s.emlearn" % workload
        for workload in _EMLEARN
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

def _generated(name, generator, outs):
    native.genrule(
        name = name,
        testonly = True,
        outs = outs,
        cmd = "$(execpath %s) $(OUTS)" % generator,
        tags = ["manual"],
        tools = [generator],
    )

def _plain(peer, workload, copts, deps = [], **kwargs):
    weights = [workload + "_weights.h"] if workload in WITH_WEIGHTS else []
    _library(
        name = "%s.%s" % (workload, peer),
        copts = copts + _WARNINGS,
        srcs = ["plain/%s.c" % workload] + weights,
        deps = deps + [
            ":dense",
            ":%s.header" % workload,
        ],
        **kwargs
    )

def _plain_by_clang(peer, workload, copts):
    name = "%s.%s" % (workload, peer)
    deps = [
        ":dense",
        ":%s.header" % workload,
    ]
    clang_object(
        name = name + ".object",
        testonly = True,
        src = "plain/%s.c" % workload,
        hdrs = [workload + "_weights.h"] if workload in WITH_WEIGHTS else [],
        copts = copts,
        tags = ["manual"],
        target_compatible_with = ["@platforms//os:none"],
        deps = deps,
    )
    _library(
        name = name,
        srcs = [":%s.object" % name],
        deps = deps,
    )

def plain_c(name):
    """WORKLOAD.PEER: plain/WORKLOAD.c as each of the compilers' settings makes it, and long sums in parts.

    Args:
        name: string, of all.
    """
    for workload in WORKLOADS:
        for peer, (compiler, copts) in _PLAIN.items():
            if compiler == "gcc":
                _plain(peer, workload, copts)
            else:
                _plain_by_clang(peer, workload, copts)
    for workload in _IN_PARTS:
        _plain(
            "gcc-Os-in-parts",
            workload,
            ["-Os"],
            local_defines = ["IN_PARTS"],
        )

def cmsis_dsp():
    """WORKLOAD.CMSIS-DSP: cmsis_dsp/WORKLOAD.c, or plain/WORKLOAD.c with its layers."""
    for workload in _CMSIS_DSP:
        _library(
            name = "%s.CMSIS-DSP" % workload,
            copts = ["-Ofast"] + _WARNINGS,
            srcs = ["cmsis_dsp/%s.c" % workload],
            deps = [
                ":%s.header" % workload,
                "@jax_embedded_cmsis_dsp//:cmsis_dsp",
            ],
        )
    for workload in _CMSIS_DSP_LAYERS:
        _plain(
            "CMSIS-DSP",
            workload,
            ["-Ofast"],
            local_defines = ["CMSIS_DSP"],
            deps = ["@jax_embedded_cmsis_dsp//:cmsis_dsp"],
        )

def casadi(name):
    """WORKLOAD.CasADi-KIND: what CasADi generates, in float.

    Args:
        name: string, of the rule that generates it.
    """
    libraries = ["%s.CasADi-%s" % (workload, kind) for kind, workloads in _CASADI.items() for workload in workloads]
    _generated(
        name = name,
        generator = ":casadi_c",
        outs = [library + ".c" for library in libraries],
    )
    for library in libraries:
        _library(
            name = library,
            srcs = [library + ".c"],
            # It calls sqrt and tanh of double otherwise.
            copts = [
                "-Ofast",
                "-include",
                "tgmath.h",
                "-w",
            ],
            deps = [":%s.header" % library.partition(".")[0]],
        )

def emlearn(name):
    """WORKLOAD.emlearn: what emlearn generates, which calls its headers.

    Args:
        name: string, of the rule that generates it.
    """
    headers = [
        "eml_common.h",
        "eml_log.h",
        "eml_net.h",
        "eml_net_common.h",
    ]
    _generated(
        name = name,
        generator = ":emlearn_c",
        outs = headers + ["%s.emlearn.c" % workload for workload in _EMLEARN],
    )
    for workload in _EMLEARN:
        _library(
            name = "%s.emlearn" % workload,
            srcs = ["%s.emlearn.c" % workload] + headers,
            copts = [
                "-Ofast",
                "-w",
            ],
            includes = ["."],
            deps = [":%s.header" % workload],
        )
