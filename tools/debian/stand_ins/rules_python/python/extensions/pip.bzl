# SPDX-License-Identifier: Apache-2.0
"""pip.parse() for the machine's own python3 and pip: one repository per wheel, each pinned by the lock's hashes."""

load("@pythons_hub//:interpreter.bzl", "INTERPRETER")

_WHEEL_BUILD = """\
load("@rules_python//python:py_library.bzl", "py_library")

py_library(
    name = "pkg",
    # The folder, not its thousands of files: each tool and test that needs it gets one link.
    data = ["site-packages"],
    imports = ["site-packages"],
    visibility = ["//visibility:public"],
    deps = {deps},
)
"""

_HUB_BUILD = """\
package(default_visibility = ["//visibility:public"])

alias(
    name = "{name}",
    actual = "@{wheel}//:pkg",
)

alias(
    name = "pkg",
    actual = "@{wheel}//:pkg",
)
"""

_HUB_REQUIREMENTS = """\
def requirement(name):
    name = name.replace("-", "_").replace(".", "_").lower()
    return Label("//{{0}}:{{0}}".format(name))

all_requirements = {labels}
"""

def _bazel_name(name):
    return name.split("[")[0].replace("-", "_").replace(".", "_").lower()

def _parse_lock(text, label):
    """The lock file's requirements, each on one line with its hashes, by Bazel name."""
    requirements = {}
    for line in text.replace("\\\n", " ").split("\n"):
        words = [word for word in line.split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        if "==" not in words[0]:
            fail(("ERROR(jax_embedded): {}: expected lines such as name==version --hash=..., found: {}\n" +
                  "  Fix: write the lock file with pip-compile --generate-hashes.").format(label, line))
        requirements[_bazel_name(words[0].split("==")[0])] = " ".join(words)
    return requirements

def _wheel_impl(rctx):
    pinned = rctx.attr.requirement.split(" ")[0]
    result = rctx.execute(
        [INTERPRETER, rctx.path(Label("//python/private:wheel.py")), rctx.attr.requirement] + rctx.attr.extra_pip_args,
        environment = {"PYTHONSAFEPATH": "1"} | rctx.attr.environment,
        quiet = rctx.attr.quiet,
        timeout = rctx.attr.timeout,
    )
    if result.return_code:
        fail(("ERROR(jax_embedded): {}: expected pip to install it, found:\n{}{}\n" +
              "  Fix: see pip's message; PyPI or a mirror of it must be reachable.").format(
            pinned,
            result.stdout,
            result.stderr,
        ))
    deps = json.decode(result.stdout.strip().split("\n")[-1])
    missing = [dep for dep in deps if dep not in rctx.attr.known]
    if missing:
        fail(("ERROR(jax_embedded): {}: expected all that it needs in the lock file, found no {}.\n" +
              "  Fix: write the lock file anew with pip-compile.").format(pinned, ", ".join(missing)))
    rctx.file("BUILD.bazel", _WHEEL_BUILD.format(
        deps = ["@{}_{}//:pkg".format(rctx.attr.hub, dep) for dep in deps],
    ))

_wheel = repository_rule(
    implementation = _wheel_impl,
    attrs = {
        "environment": attr.string_dict(),
        "extra_pip_args": attr.string_list(),
        "hub": attr.string(mandatory = True),
        "known": attr.string_list(mandatory = True),
        "quiet": attr.bool(default = True),
        "requirement": attr.string(mandatory = True),
        "timeout": attr.int(default = 600),
    },
)

def _hub_impl(rctx):
    rctx.file("BUILD.bazel", "")
    for name in rctx.attr.packages:
        rctx.file(name + "/BUILD.bazel", _HUB_BUILD.format(
            name = name,
            wheel = "{}_{}".format(rctx.attr.hub, name),
        ))
    labels = ["Label(\"//{0}:{0}\")".format(name) for name in rctx.attr.packages]
    rctx.file("requirements.bzl", _HUB_REQUIREMENTS.format(labels = "[{}]".format(", ".join(labels))))

_hub = repository_rule(
    implementation = _hub_impl,
    attrs = {
        "hub": attr.string(mandatory = True),
        "packages": attr.string_list(mandatory = True),
    },
)

def _pip_impl(mctx):
    owners = {}
    for module in mctx.modules:
        for parse in module.tags.parse:
            hub = parse.hub_name
            if hub in owners:
                if owners[hub] != module.name:
                    fail(("ERROR(jax_embedded): pip.parse: expected one owner of the hub {}, found {} and {}.\n" +
                          "  Fix: give one of them another hub_name.").format(hub, owners[hub], module.name))

                # The same hub for another python_version: there is one interpreter here.
                continue
            owners[hub] = module.name
            requirements = _parse_lock(mctx.read(parse.requirements_lock), parse.requirements_lock)
            for name, requirement in requirements.items():
                _wheel(
                    name = "{}_{}".format(hub, name),
                    environment = parse.environment,
                    extra_pip_args = parse.extra_pip_args,
                    hub = hub,
                    known = requirements.keys(),
                    quiet = parse.quiet,
                    requirement = requirement,
                    timeout = parse.timeout,
                )
            _hub(
                name = hub,
                hub = hub,
                packages = requirements.keys(),
            )

pip = module_extension(
    implementation = _pip_impl,
    tag_classes = {
        "parse": tag_class(attrs = {
            "download_only": attr.bool(),
            "environment": attr.string_dict(),
            "extra_pip_args": attr.string_list(),
            "hub_name": attr.string(mandatory = True),
            "isolated": attr.bool(),
            "python_version": attr.string(),
            "quiet": attr.bool(default = True),
            "requirements_lock": attr.label(
                allow_single_file = True,
                mandatory = True,
            ),
            "timeout": attr.int(default = 600),
        }),
    },
)
