# SPDX-License-Identifier: Apache-2.0
import ml_dtypes
import numpy as np

from jax_embedded.oracle.case import Case, load, save

VALUES = [
    np.float32(1.5).reshape(()),
    np.array([[np.nan, -0.0]], np.float32),
    np.array([True, False]),
    np.array([2**63 - 1, -1]),
    np.array([1.5, -2.0], ml_dtypes.bfloat16),
    np.array([1 - 2j], np.complex64),
    *[np.full(2, i, np.int16) for i in range(6)],  # more than ten leaves: 10 sorts before 2
]


def test_what_is_saved_is_loaded(tmp_path):
    cases = [
        Case(kind, [value[None] for value in VALUES], VALUES[number:], VALUES[::-1])
        for number, kind in enumerate(["example", *["draw"] * 10, "edge"])
    ]
    path = tmp_path / "cases.npz"
    save(cases, path)
    found = load(path)
    assert [case.kind for case in found] == [case.kind for case in cases]
    for one, other in zip(found, cases, strict=True):
        for role in ("inputs", "results", "references"):
            for a, b in zip(getattr(one, role), getattr(other, role), strict=True):
                assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_the_names_in_the_file(tmp_path):
    path = tmp_path / "cases.npz"
    save([Case("draw", VALUES[:2], VALUES[:1], VALUES[:1])], path)
    with np.load(path) as arrays:
        assert list(arrays) == ["0/kind", "0/input/0", "0/input/1", "0/result/0", "0/reference/0"]
        assert str(arrays["0/kind"]) == "draw"
