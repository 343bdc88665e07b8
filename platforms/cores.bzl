"""The cores that code is generated for, and the boards that have them: data only."""

# Name of the core -> `cpu`: value of @platforms//cpu. `flags`: GCC's, of compiling and linking. What LLVM calls it:
# py/jax_embedded/target.py.
CORES = {
    "cortex_m0": struct(
        cpu = "armv6-m",
        flags = [
            "-mcpu=cortex-m0",
            "-mfloat-abi=soft",
        ],
    ),
    "cortex_m3": struct(
        cpu = "armv7-m",
        flags = [
            "-mcpu=cortex-m3",
            "-mfloat-abi=soft",
        ],
    ),
    "cortex_m33": struct(
        cpu = "armv8-m",
        flags = [
            "-mcpu=cortex-m33",
            "-mfloat-abi=hard",
            "-mfpu=fpv5-sp-d16",
        ],
    ),
    "cortex_m4f": struct(
        cpu = "armv7e-mf",
        flags = [
            "-mcpu=cortex-m4",
            "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16",
        ],
    ),
    "cortex_m55": struct(
        cpu = "armv8-m",
        flags = [
            "-mcpu=cortex-m55",
            "-mfloat-abi=hard",
        ],
    ),
    "cortex_m7": struct(
        cpu = "armv7e-mf",
        flags = [
            "-mcpu=cortex-m7",
            "-mfloat-abi=hard",
            "-mfpu=fpv5-d16",
        ],
    ),
}

# What a platform gets that names only @platforms//cpu: code that each of these runs.
WEAKEST_CORES = {
    "armv6-m": "cortex_m0",
    "armv7-m": "cortex_m3",
    "armv7e-m": "cortex_m3",
    "armv7e-mf": "cortex_m4f",
    "armv8-m": "cortex_m33",
}

# Name of the platform -> `board`: its memory map is runtime/boards/BOARD.ld. `machine`: as qemu-system-arm calls it.
QEMU_BOARDS = {
    "qemu_m0": struct(
        board = "microbit",
        core = "cortex_m0",
        machine = "microbit",
    ),
    "qemu_m3": struct(
        board = "mps2_an385",
        core = "cortex_m3",
        machine = "mps2-an385",
    ),
    "qemu_m33": struct(
        board = "mps2_an505",
        core = "cortex_m33",
        machine = "mps2-an505",
    ),
    "qemu_m4f": struct(
        board = "mps2_an386",
        core = "cortex_m4f",
        machine = "mps2-an386",
    ),
    "qemu_m55": struct(
        board = "mps3_an547",
        core = "cortex_m55",
        machine = "mps3-an547",
    ),
    "qemu_m7": struct(
        board = "mps2_an500",
        core = "cortex_m7",
        machine = "mps2-an500",
    ),
}
