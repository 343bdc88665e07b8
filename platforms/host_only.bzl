"""HOST_ONLY: for targets that run where Bazel runs."""

# Labels, not strings: macros use this in repositories that may not see @platforms.
HOST_ONLY = select({
    Label("@platforms//os:none"): [Label("@platforms//:incompatible")],
    "//conditions:default": [],
})
