"""Files of the kinds that lava-dl writes, made here; its own reader is the judge."""

import h5py
import numpy as np
import pytest

from neuromorphic.opening import open_network
from runtime.errors import GraphError

CUBA = {"iDecay": 1024, "vDecay": 410, "vThMant": 64}
FORGETFUL = {"iDecay": 4096, "vDecay": 4096, "vThMant": 100}


def write(path, *blocks):
    """Write blocks `(type, arrays, neuron)`; a neuron of None is none at all."""
    with h5py.File(path, "w") as file:
        for number, (kind, arrays, neuron) in enumerate(blocks):
            group = file.create_group(f"layer/{number}")
            group["type"] = np.array([kind], "S10")
            for name, value in arrays.items():
                group[name] = value
            if neuron is not None:
                units = group.create_group("neuron")
                units["type"] = np.array([neuron.get("type", "CUBA")], "S10")
                for name in neuron.keys() - {"type"}:
                    units[name] = neuron[name]
    return open_network(path)


def dense(weight, neuron=FORGETFUL, **more):
    weight = np.array(weight, np.float32)
    return "dense", {"shape": np.array([len(weight)]), "weight": weight, **more}, neuron


def convolution(weight, shape, neuron=CUBA, **more):
    arrays = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **more}
    return "conv", {"shape": np.array(shape), "weight": weight, **arrays}, neuron


def test_weights_act_as_stored_far_beyond_127(tmp_path):
    opened = write(tmp_path / "x.net", dense([[192], [-178]]))
    assert opened.run(np.array([[1], [0], [1]])).tolist() == [[1, 0], [0, 0], [1, 0]]


def test_every_unit_has_its_own_decay(tmp_path):
    slow = {"iDecay": 4096, "vDecay": np.array([4096, 0]), "vThMant": 60}
    opened = write(tmp_path / "x.net", dense([[40], [40]], slow))
    assert opened.run(np.ones((6, 1), int)).sum(axis=0).tolist() == [0, 3]


def test_spikes_are_plain_unless_the_file_says_otherwise(tmp_path):
    opened = write(tmp_path / "x.net", dense(np.full((2, 40), 100)))
    sums = next(f for f in opened.fit("loihi1")["findings"] if f["limit"] == "sum_max")
    assert sums["needed"] == 4000
    with pytest.raises(GraphError, match=r"reaches 0..3; this network takes plain spikes"):
        opened.simulate(np.array([[3] + [0] * 39]))
    for x, expected in (
        (np.full((4, 40), 0.7), r"reaches 0.7..0.7; this network takes plain spikes"),
        (np.full((4, 40), np.nan), r"finite numbers \(T, ...\) are needed"),
        (np.ones((4, 39)), r"input is \(4, 39\); \(T, 40\) is needed"),
        (np.array(3.0), r"input is \(\) float64"),
        (None, r"input is \(\) object"),
    ):
        with pytest.raises(GraphError, match=expected):
            opened.simulate(x)


def mixed(tmp_path):
    rng = np.random.default_rng(0)
    even = lambda most, *shape: 2.0 * rng.integers(-most, most + 1, shape)  # noqa: E731
    return write(
        tmp_path / "x.net",
        ("input", {"shape": np.array([2, 5, 4])}, CUBA | {"vThMant": 30}),
        convolution(even(20, 3, 2, 3, 2, 1), [3, 3, 3], bias=np.array([3.0, -2, 5])),
        ("flatten", {"shape": np.array([27])}, None),
        dense(even(60, 8, 27), CUBA, delay=np.arange(8.0)),
        (
            "dense_rec",
            {"shape": np.array([6]), "weight": even(50, 6, 8), "weight_rec": even(30, 6, 6)},
            CUBA | {"vDecay": np.arange(6) * 300},
        ),
    ), (rng.random((40, 2, 5, 4)) < 0.4).astype(int)


def late_returns(tmp_path):
    rng = np.random.default_rng(3)
    ahead, back = 2.0 * rng.integers(-20, 30, (5, 5)), 2.0 * rng.integers(-30, 20, (5, 5))
    arrays = {"shape": np.array([5]), "weight": ahead, "weight_rec": back}
    return write(
        tmp_path / "x.net",
        ("dense_rec", arrays | {"delay": rng.integers(0, 5, (5, 5))}, CUBA | {"vThMant": 100}),
    ), rng.integers(0, 2, (40, 5))


def messages(tmp_path):
    rng = np.random.default_rng(1)
    sdnn = {"type": "SDNN", "vThMant": 3}
    return write(
        tmp_path / "x.net",
        ("input", {"shape": np.array([1, 4, 4])}, sdnn),
        convolution(rng.integers(-40, 41, (2, 1, 2, 2)), [2, 3, 3], sdnn, bias=np.array([9, -4])),
        ("flatten", {"shape": np.array([18])}, None),
        dense(rng.integers(-60, 61, (5, 18)), sdnn, bias=rng.integers(-20, 21, 5)),
        dense(rng.integers(-60, 61, (2, 5)), sdnn | {"sigma_output": True}),
    ), rng.integers(-60, 61, (20, 1, 4, 4))


@pytest.mark.parametrize("make", [mixed, late_returns, messages])
def test_every_block_is_as_lava_dl_reads_it(tmp_path, make):
    opened, x = make(tmp_path)
    ours = opened.simulate(x)
    assert np.unique(ours).size > 1
    for backend in ("netx", "lava"):
        assert np.array_equal(opened.simulate(x, backend), ours)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([("average", {"shape": np.array([2])}, None)], r"layer 0 \(average\): lava-dl's reader"),
        ([dense([[0, 0]])], "all its weights are 0"),
        ([dense([[300, 1]])], r"its weights reach 1..300"),
        ([dense([[1, 2]]), dense([[1, 2]])], r"layer 1 \(dense\): takes 2 values, gets 1"),
        ([dense([[1, 2]], delay=np.array([-1.0]))], "delay reaches -1"),
        (
            [("dense_rec", dense([[1, 2]], weight_rec=np.ones((1, 1)), delay=np.ones(1))[1], CUBA)],
            r"delay is for weights \(1, 2\); lava-dl takes it for weight_rec \(1, 1\) too",
        ),
        ([dense([[1, 2]], {"type": "RF"})], "neurons of type 'RF'"),
        ([("input", {"shape": np.array([0])}, None)], r"shape is \(0,\)"),
    ],
)
def test_what_lava_dl_does_not_take_is_refused_by_name(tmp_path, blocks, words):
    with pytest.raises(GraphError, match=words) as caught:
        write(tmp_path / "x.net", *blocks)
    assert "\n" not in str(caught.value)
