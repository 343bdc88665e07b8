"""RUNNABLE: for programs that are run."""

# Where programs can be run from here: not on bare metal without a runner.
RUNNABLE = select({
    Label("//platforms:bare_metal_without_runner"): [Label("@platforms//:incompatible")],
    "//conditions:default": [],
})
