"""Products are counted by running torch on ones: what is summed is how many there are."""

from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from torch.nn import functional

from neuromorphic.costs.operations.connections import dense, effective


def sparse(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape) * (rng.random(shape) < 0.6)


def ones(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((values != 0).astype(np.float64))


@given(
    seed=st.integers(0, 2**32 - 1),
    kernel=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    pad=st.integers(0, 4),
    groups=st.sampled_from([1, 2]),
    transposed=st.booleans(),
)
@settings(max_examples=50)
def test_convolutions_of_every_kind(seed, kernel, stride, dilation, pad, groups, transposed):
    rng = np.random.default_rng(seed)
    axes = len(kernel)
    reach = max((size - 1) * dilation + 1 for size in kernel)
    values = sparse(rng, 2, 4, *rng.integers(reach, reach + 7, axes))
    options = {"stride": stride, "dilation": dilation, "groups": groups}
    if transposed:
        weight = sparse(rng, 4, 6 // groups, *kernel)
        pad = min(pad, *(((size - 1) * dilation) // 2 for size in kernel))
        run = getattr(functional, f"conv_transpose{axes}d")
    else:
        weight = sparse(rng, 6, 4 // groups, *kernel)
        run = getattr(functional, f"conv{axes}d")
    found = run(ones(values), ones(weight), padding=pad, **options)
    whole = run(ones(values + 9), ones(weight + 9), padding=pad, **options)
    node = helper.make_node(
        "ConvTranspose" if transposed else "Conv",
        ["x", "w"],
        ["y"],
        strides=[stride] * axes,
        dilations=[dilation] * axes,
        pads=[pad] * 2 * axes,
        group=groups,
    )
    out = tuple(found.shape)
    assert effective(node, (values, weight), out) == found.sum()
    assert dense(node, (values.shape, weight.shape), out) == whole.sum()


@pytest.mark.parametrize(
    ("first", "second"), [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)),
                          ((2, 3, 4), (2, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,))],
)  # fmt: skip
def test_matrix_products_with_batches(first, second):
    rng = np.random.default_rng(0)
    a, b = sparse(rng, *first), sparse(rng, *second)
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    out = np.matmul(a, b).shape
    assert effective(node, (a, b), out) == np.matmul(a != 0, b != 0, dtype=int).sum()
    assert dense(node, (first, second), out) == prod(out) * 4


@pytest.mark.parametrize("turned", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_gemm_turned_either_way(turned):
    rng = np.random.default_rng(0)
    a, b = sparse(rng, 3, 4), sparse(rng, 4, 5)
    factors = (a.T if turned[0] else a, b.T if turned[1] else b)
    node = helper.make_node("Gemm", ["a", "b"], ["y"], transA=turned[0], transB=turned[1])
    assert effective(node, factors, (3, 5)) == ((a != 0).astype(int) @ (b != 0).astype(int)).sum()
    assert dense(node, tuple(value.shape for value in factors), (3, 5)) == 60


@pytest.mark.parametrize(("auto", "pads"), [("SAME_UPPER", (1, 2)), ("SAME_LOWER", (2, 1))])
def test_automatic_padding(auto, pads):
    node = helper.make_node("Conv", ["x", "w"], ["y"], auto_pad=auto)
    plain = helper.make_node("Conv", ["x", "w"], ["y"], pads=pads)
    shapes = ((1, 2, 9), (3, 2, 4))
    assert dense(node, shapes, (1, 3, 9)) == dense(plain, shapes, (1, 3, 9))
