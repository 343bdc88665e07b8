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

# Peer -> workload -> label of a library with the C function that the workload's header declares. A peer may lack some.
PEERS = {
    peer: {
        workload: ":%s.%s" % (workload, peer)
        for workload in WORKLOADS
    }
    for peer in _PLAIN
}

def plain_c():
    """WORKLOAD.PEER: plain/WORKLOAD.c as each of the compiler's settings makes it."""
    for workload in WORKLOADS:
        for peer, copts in _PLAIN.items():
            cc_library(
                name = "%s.%s" % (workload, peer),
                testonly = True,
                srcs = ["plain/%s.c" % workload] + (
                    [workload + "_weights.h"] if workload in WITH_WEIGHTS else []
                ),
                copts = copts + [
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                ],
                linkopts = ["-lm"],
                tags = ["manual"],
                target_compatible_with = ["@platforms//os:none"],
                deps = [
                    ":dense",
                    ":%s.header" % workload,
                ],
            )
