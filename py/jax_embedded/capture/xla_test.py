# SPDX-License-Identifier: Apache-2.0
import os
from functools import partial

import pytest

from jax_embedded.capture.xla import (
    MODULE,
    RELEASES,
    prepare_process,
    read_hlo,
    read_kernels,
    release_of,
)
from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError, InternalError


@pytest.mark.parametrize("version", RELEASES)
def test_known_releases(version):
    assert release_of(version) is RELEASES[version]


@pytest.mark.parametrize("version", ["", "0.12.0", "0.12.0.10", "9.9.9"])
def test_unknown_releases_list_the_known_ones(version):
    with pytest.raises(ExportError) as caught:
        release_of(version)
    assert caught.value.kind == "jaxlib-version"
    assert caught.value.what.endswith(f"0.10.2, 0.12.0.1; found {version}")


def test_the_process_sees_our_flags_only(monkeypatch, tmp_path):
    for name in ("XLA_FLAGS", "JAX_ENABLE_X64", "JAX_PLATFORMS", "TF_XLA_FLAGS"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("OTHER", "theirs")

    def work() -> tuple[dict[str, str], int]:
        prepare_process(RELEASES["0.12.0.1"], tmp_path)
        return dict(os.environ), len(os.sched_getaffinity(0))

    environment, cores = run_in_child("test", work)
    assert cores == 1
    assert environment["OTHER"] == "theirs"
    ours = {k: v for k, v in environment.items() if k.startswith(("XLA_", "JAX_", "TF_"))}
    assert ours.keys() == {"XLA_FLAGS", "JAX_PLATFORMS"}
    assert ours["JAX_PLATFORMS"] == "cpu"
    flags = ours["XLA_FLAGS"].split()
    assert set(RELEASES["0.12.0.1"].flags) < set(flags)
    assert f"--xla_dump_to={tmp_path}" in flags
    assert f"--xla_dump_hlo_module_re=^jit_{MODULE}$" in flags


def test_the_process_stays_on_the_core_that_it_runs_on(tmp_path):
    cores = os.sched_getaffinity(0)

    def work(core: int) -> set[int]:
        os.sched_setaffinity(0, {core})
        os.sched_setaffinity(0, cores)
        prepare_process(RELEASES["0.12.0.1"], tmp_path)
        return os.sched_getaffinity(0)

    for core in cores:
        # The system may move it in between, but hardly ever does.
        assert {core} in [run_in_child("test", partial(work, core)) for _ in range(10)]


def test_kernels_by_the_name_of_their_module(tmp_path):
    for name, text in {
        f"module_0004.jit_{MODULE}.add.1_kernel_module.ir-no-opt.ll": "add",
        f"module_0004.jit_{MODULE}.__compute_module_wrapped_x.ir-no-opt.ll": "x",
        f"module_0004.jit_{MODULE}.add.1_kernel_module.ir-with-opt.ll": "optimised",
        "module_0001.jit_other.add_kernel_module.ir-no-opt.ll": "other",
        f"module_0004.jit_{MODULE}.cpu_after_optimizations.txt": "hlo",
    }.items():
        (tmp_path / name).write_text(text)
    assert read_kernels(tmp_path) == {
        "add.1_kernel_module": "add",
        "__compute_module_wrapped_x": "x",
    }
    assert read_hlo(tmp_path) == "hlo"


def test_a_main_module_of_one_part_has_no_name_in_the_dump(tmp_path):
    (tmp_path / f"module_0004.jit_{MODULE}.ir-no-opt.ll").write_text("main")
    (tmp_path / f"module_0004.jit_{MODULE}.add.1_kernel_module.ir-no-opt.ll").write_text("add")
    assert read_kernels(tmp_path) == {"__compute_module": "main", "add.1_kernel_module": "add"}


def test_no_kernels(tmp_path):
    assert read_kernels(tmp_path) == {}


def test_kernels_of_two_modules_are_a_bug(tmp_path):
    for number in (4, 5):
        (tmp_path / f"module_000{number}.jit_{MODULE}.k.ir-no-opt.ll").write_text("")
    with pytest.raises(InternalError, match="expected one module, found"):
        read_kernels(tmp_path)


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_hlo_modules_is_a_bug(count, tmp_path):
    for number in range(count):
        (tmp_path / f"module_000{number}.jit_{MODULE}.cpu_after_optimizations.txt").write_text("")
    with pytest.raises(InternalError) as caught:
        read_hlo(tmp_path)
    assert caught.value.what == f"XLA's dump: expected one HLO module, found {count}"
