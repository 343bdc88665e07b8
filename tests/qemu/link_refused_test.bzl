"""link_refused_test: a program that must not link, and why."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms:host_only.bzl", "HOST_ONLY")
load("//tests:script_test.bzl", "script_test")

DOC = "What the linker says to a program that it refuses. Use link_refused_test."

_PLATFORMS = "//command_line_option:platforms"
_ACTION = "c++-link-executable"

def _platform_impl(_settings, attr):
    return {_PLATFORMS: str(attr.platform)}

_platform = transition(implementation = _platform_impl, inputs = [], outputs = [_PLATFORMS])

def _foreign_platform_impl(_settings, attr):
    return {_PLATFORMS: str(attr.foreign_platform or attr.platform)}

_foreign_platform = transition(implementation = _foreign_platform_impl, inputs = [], outputs = [_PLATFORMS])

_SCRIPT = """\
log=$1
shift
if "$@" 2>"$log"; then
  echo "ERROR(jax_embedded): expected the linker to refuse the program, found that it links." >&2
  exit 1
fi
"""

def _linker_says_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    log = ctx.actions.declare_file(ctx.label.name + ".txt")
    objects = []
    flags = []
    inputs = []
    for dep in ctx.attr.deps + ctx.attr.foreign:
        for linked in dep[CcInfo].linking_context.linker_inputs.to_list():
            flags += [flag for flag in linked.user_link_flags if flag not in flags]
            inputs += linked.additional_inputs
            for library in linked.libraries:
                objects += library.objects or [library.static_library]
    variables = cc_common.create_link_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        is_linking_dynamic_library = False,
        output_file = log.path + ".elf",
        user_link_flags = flags,
    )
    args = ctx.actions.args()
    args.add(log)
    args.add(cc_common.get_tool_for_action(feature_configuration = features, action_name = _ACTION))
    args.add_all(objects)
    args.add_all(cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = _ACTION,
        variables = variables,
    ))
    ctx.actions.run_shell(
        command = _SCRIPT,
        arguments = [args],
        inputs = depset(objects + inputs, transitive = [toolchain.all_files]),
        outputs = [log],
        mnemonic = "LinkRefused",
    )
    return [DefaultInfo(files = depset([log]))]

_linker_says = rule(
    implementation = _linker_says_impl,
    doc = DOC,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "foreign": attr.label_list(cfg = _foreign_platform, providers = [CcInfo]),
        "foreign_platform": attr.label(),
        "platform": attr.label(mandatory = True),
    },
    cfg = _platform,
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(),
)

def link_refused_test(name, platform, deps, expected, foreign = [], foreign_platform = None):
    """Links a program, which must fail.

    Args:
        name: string.
        platform: label of the platform that the program is for.
        deps: list of labels, libraries with all of the program.
        expected: list of string, extended regular expressions for parts of what the linker says.
        foreign: list of labels, libraries that are compiled for another platform.
        foreign_platform: label of that platform.
    """
    _linker_says(
        name = name + ".log",
        testonly = True,
        platform = platform,
        deps = deps,
        foreign = foreign,
        foreign_platform = foreign_platform,
        tags = ["manual"],
    )
    script_test(
        name = name,
        script = Label("//tests/qemu:says_test.sh"),
        arguments = ["$(rootpath :%s.log)" % name] + expected,
        data = [":%s.log" % name],
        target_compatible_with = HOST_ONLY,
    )
