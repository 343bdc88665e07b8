"""What the rules say about a captured and about a compiled function."""

_PROGRAM_FIELDS = {
    "arguments": "list of string, what tells capture and oracle which function it is.",
    "dump": "File (directory), what JAX and XLA made of the function: see docs/rules.md.",
    "label": "string, the library that it belongs to, as messages name it.",
    "oracle": "FilesToRunProvider, stock JAX with the user's file, its deps and its data.",
}

_LIBRARY_FIELDS = {
    "assembly": "File, GNU assembler text of the function.",
    "c_name": "string, name of the C function.",
    "dump": "File (directory), what JAX and XLA made of the function, the same for every target.",
    "header": "File, the C and C++ header.",
    "llvm_ir": "File, LLVM IR of the function after optimisation.",
    "manifest": "File, sizes, symbols and versions as JSON.",
    "object": "File, ELF object of the function.",
    "program": "File, XLA's schedule and buffers as text.",
    "structs": "list of string, the arguments that are passed as one C struct each.",
    "target": "string, the processor that it was compiled for.",
    "workspace": "string, \"static\" or \"caller\".",
}

JaxProgramInfo = provider(
    doc = "A JAX function after XLA, independent of the target.",
    fields = _PROGRAM_FIELDS,
)

JaxLibraryInfo = provider(
    doc = "A JAX function as a C function for one target.",
    fields = _LIBRARY_FIELDS,
)

def jax_program_info(*, arguments, dump, label, oracle):
    """Makes a JaxProgramInfo; see its fields.

    Args:
        arguments: list of string.
        dump: File (directory).
        label: string.
        oracle: FilesToRunProvider.

    Returns:
        JaxProgramInfo.
    """
    return JaxProgramInfo(
        arguments = arguments,
        dump = dump,
        label = label,
        oracle = oracle,
    )

def jax_library_info(
        *,
        assembly,
        c_name,
        dump,
        header,
        llvm_ir,
        manifest,
        object,
        program,
        structs,
        target,
        workspace):
    """Makes a JaxLibraryInfo; see its fields.

    Args:
        assembly: File.
        c_name: string.
        dump: File (directory).
        header: File.
        llvm_ir: File.
        manifest: File.
        object: File.
        program: File.
        structs: list of string.
        target: string.
        workspace: string.

    Returns:
        JaxLibraryInfo.
    """
    return JaxLibraryInfo(
        assembly = assembly,
        c_name = c_name,
        dump = dump,
        header = header,
        llvm_ir = llvm_ir,
        manifest = manifest,
        object = object,
        program = program,
        structs = structs,
        target = target,
        workspace = workspace,
    )
