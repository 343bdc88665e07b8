"""HOST_ONLY: for targets that run where Bazel runs."""

HOST_ONLY = select({
    "@platforms//os:none": ["@platforms//:incompatible"],
    "//conditions:default": [],
})
