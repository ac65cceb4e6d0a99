"""Padding agrees with NumPy's, on margins of a few elements and of many, which are copied in another way; windows that have no kernel."""

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F


@pytest.mark.parametrize("mode, name", [("replicate", "edge"), ("reflect", "reflect"), ("circular", "wrap"), ("constant", "constant")])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (3, 4, 9, 10, 17)])
@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64, lucid.int64, lucid.bfloat16])
def test_margins_of_three_dimensions(mode, name, shape, dtype):
    x = lucid.arange(float(np.prod(shape))).reshape(shape).to(dtype)
    wide = x.double().numpy()
    for pad in ((1, 2, 3, 2, 2, 3), (0, 3, 0, 0, 3, 0)):
        margins = [(0, 0)] * 2 + [pad[4:6], pad[2:4], pad[:2]]
        assert np.array_equal(F.pad(x, pad, mode=mode).double().numpy(), np.pad(wide, margins, mode=name))


def test_roots_of_infinite_powers_are_the_greatest_or_the_least_of_a_window():
    x = lucid.tensor([[[1.0, -4.0, 2.0, 3.0]]])
    for norm, wanted in ((float("inf"), [4.0, 3.0]), (float("-inf"), [1.0, 2.0])):
        assert F.lp_pool1d(x, norm, 2).tolist() == [[wanted]]
        assert F.lp_pool2d(x[None].expand(1, 1, 2, 4), norm, 2).tolist() == [[[wanted]]]
