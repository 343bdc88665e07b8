"""WITH_BOARD, RUNNABLE: for programs that are linked, and for those that are run."""

# Where programs can be linked: not on bare metal without a memory map.
WITH_BOARD = select({
    Label("//platforms:bare_metal_without_board"): [Label("@platforms//:incompatible")],
    "//conditions:default": [],
})

# Where programs can be run from here: not on bare metal without a runner.
RUNNABLE = select({
    Label("//platforms:bare_metal_without_runner"): [Label("@platforms//:incompatible")],
    "//conditions:default": [],
})
