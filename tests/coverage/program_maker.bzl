"""program_maker: how C programs are made for a platform and started, for a test that makes them while it runs."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

DOC = """NAME.json, {"compile": [WORD...], "link": [WORD...], "libraries": [WORD...], "run": [WORD...]}, for

    COMPILE -c SOURCE -o OBJECT
    LINK OBJECT... LIBRARIES -o PROGRAM
    RUN PROGRAM

with paths that begin in the runfiles of this repository, all of which this target has."""

_PLATFORMS = "//command_line_option:platforms"
_COMPILE = "c-compile"
_LINK = "c++-link-executable"
_RUNNER = Label("//toolchains/runner:toolchain_type")

def _platform_impl(settings, attr):
    return {_PLATFORMS: str(attr.platform) if attr.platform else settings[_PLATFORMS]}

_platform = transition(implementation = _platform_impl, inputs = [_PLATFORMS], outputs = [_PLATFORMS])

def _in_runfiles(word):
    return word.replace("external/", "../")

def _program_maker_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    libraries = []
    flags = []
    headers = []
    inputs = []
    for dep in ctx.attr.deps:
        headers.append(dep[CcInfo].compilation_context.headers)
        for linked in dep[CcInfo].linking_context.linker_inputs.to_list():
            flags += [flag for flag in linked.user_link_flags if flag not in flags]
            inputs += linked.additional_inputs
            for library in linked.libraries:
                for file in library.objects or library.pic_objects:
                    # For another platform it would have the same name in the runfiles.
                    object = ctx.actions.declare_file("%s/%s" % (ctx.label.name, file.basename))
                    ctx.actions.symlink(output = object, target_file = file)
                    libraries.append(object)

    def command_line(action, variables):
        tool = cc_common.get_tool_for_action(feature_configuration = features, action_name = action)
        return [tool] + cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = action,
            variables = variables,
        )

    compile = command_line(_COMPILE, cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
    ))
    link = command_line(_LINK, cc_common.create_link_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        is_linking_dynamic_library = False,
    ))
    run = []
    files = [toolchain.all_files] + headers
    runner = ctx.toolchains[_RUNNER]
    if ctx.attr.platform:
        run = [
            word if type(word) == "string" else word.short_path
            for word in runner.runner.command
        ] + [str(ctx.attr.time_limit_seconds)]
        files.append(runner.runner.files)
    answer = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(answer, json.encode_indent({
        "compile": [_in_runfiles(word) for word in compile + ["-I."]],
        "libraries": [file.short_path for file in libraries] + [_in_runfiles(flag) for flag in flags],
        "link": [_in_runfiles(word) for word in link],
        "run": run,
    }) + "\n")
    return [DefaultInfo(
        files = depset([answer]),
        runfiles = ctx.runfiles([answer] + libraries + inputs, transitive_files = depset(transitive = files)),
    )]

program_maker = rule(
    implementation = _program_maker_impl,
    doc = DOC,
    attrs = {
        "deps": attr.label_list(doc = "What every program links.", providers = [CcInfo]),
        "platform": attr.label(doc = "A platform with a runner; none: where the test runs."),
        "time_limit_seconds": attr.int(doc = "See firmware_binary.", default = 60),
    },
    cfg = _platform,
    fragments = ["cpp"],
    toolchains = use_cc_toolchain() + [config_common.toolchain_type(_RUNNER, mandatory = False)],
)
