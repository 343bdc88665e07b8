"""The programs that run a user's file, one with the exporter, one with stock JAX, and how they are run."""

load("@rules_python//python:py_binary.bzl", "py_binary")
load("//platforms:host_only.bzl", "HOST_ONLY")

def exporters(name, src, deps = [], data = [], **kwargs):
    """NAME.capture and NAME.oracle.

    Args:
        name: string.
        src: see jax_llvm_library.
        deps: see jax_llvm_library.
        data: see jax_llvm_library.
        **kwargs: tags, testonly and visibility.
    """
    for part, main, library in [
        ("capture", "__main__.py", "library"),
        ("oracle", "oracle/__main__.py", "oracle"),
    ]:
        main = Label("//py/jax_embedded:" + main)
        py_binary(
            name = name + "." + part,
            srcs = [main, src],
            main = main,
            data = data,
            python_version = "3.14",
            target_compatible_with = HOST_ONLY,
            deps = [
                Label("//py/jax_embedded:" + library),
                Label("//toolchains/exporter:jax"),
            ] + deps,
            **kwargs
        )

def run_exporter(ctx, execution_requirements = {}, **kwargs):
    """An action that sees what it declares and no network, and makes the same of it everywhere.

    Args:
        ctx: of the rule.
        execution_requirements: as in ctx.actions.run.
        **kwargs: as in ctx.actions.run.
    """
    ctx.actions.run(
        env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        execution_requirements = {"block-network": ""} | execution_requirements,
        use_default_shell_env = True,
        **kwargs
    )
