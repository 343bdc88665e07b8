# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from accuracy import KINDS, accuracy
from baked_mlp import WEIGHTS


@pytest.mark.parametrize("kind", KINDS)
def test_most_digits_are_read(kind):
    assert accuracy(kind) > 0.95


def test_the_weights_are_of_their_kind():
    zeros = [np.mean(~WEIGHTS[f"sparse_mask{i}"]) for i in range(2)]
    assert all(0.74 < share < 0.76 for share in zeros)
    for i in range(2):
        assert set(np.unique(WEIGHTS[f"ternary_w{i}"])) == {-1, 0, 1}
        assert WEIGHTS[f"int8_w{i}"].dtype == np.int8
        mantissas, exponents = np.frexp(np.abs(WEIGHTS[f"immediates_w{i}"]))
        encoded = (mantissas * 32 % 1 == 0) & (exponents >= -2) & (exponents <= 5)
        assert np.all(encoded | (mantissas == 0))
