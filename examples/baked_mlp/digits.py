# SPDX-License-Identifier: Apache-2.0
"""The digits that scikit-learn ships: 1,797 images of 8 x 8 pixels, 0 to 16."""

import numpy as np
from sklearn.datasets import load_digits


def split() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """To train with, and the 450 others to test with: f32[n,64] and what they show."""
    digits = load_digits()
    x, y = digits.data.astype(np.float32), digits.target
    is_test = np.arange(len(x)) % 4 == 0
    return (x[~is_test], y[~is_test]), (x[is_test], y[is_test])
