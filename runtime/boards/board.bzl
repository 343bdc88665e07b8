"""cortex_m_board: a board as a library that programs link."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")

def cortex_m_board(name, memory, **kwargs):
    """What a program for a board needs besides itself: startup, fault handlers, semihosting and the memory map.

    Args:
        name: string.
        memory: label of a linker script that says which memory the board has; see runtime/cortex_m/sections.ld.
        **kwargs: as in cc_library.
    """
    cc_library(
        name = name,
        additional_linker_inputs = [memory],
        linkopts = ["-T$(location %s)" % memory],
        target_compatible_with = [Label("@platforms//os:none")],
        deps = [Label("//runtime/cortex_m")],
        **kwargs
    )
