"""What the rules say about a captured and about a compiled function."""

_PROGRAM_FIELDS = {
    "dump": "File (directory), what JAX and XLA made of the function: see docs/rules.md.",
    "label": "string, the library that it belongs to, as messages name it.",
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
    "target": "string, the processor that it was compiled for.",
}

JaxProgramInfo = provider(
    doc = "A JAX function after XLA, independent of the target.",
    fields = _PROGRAM_FIELDS,
)

JaxLibraryInfo = provider(
    doc = "A JAX function as a C function for one target.",
    fields = _LIBRARY_FIELDS,
)

def jax_program_info(*, dump, label):
    """Makes a JaxProgramInfo.

    Args:
        dump: File (directory).
        label: string.

    Returns:
        JaxProgramInfo.
    """
    return JaxProgramInfo(dump = dump, label = label)

def jax_library_info(*, assembly, c_name, dump, header, llvm_ir, manifest, object, program, target):
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
        target: string.

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
        target = target,
    )
