"""Inputs in every form: the same spikes, whatever the file."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.inputs.reading import read_input
from runtime.errors import SpikingMusicError

SHAPE, STEP = (2, 5, 7), 1e-3


def write_npz(path, **arrays):
    np.savez(path, **arrays)


def write_h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[f"events/{name}" if len(arrays) > 1 else name] = array


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5"])
def test_arrays(tmp_path, suffix):
    x, path = np.random.default_rng(0).random((4, 3)), tmp_path / f"x.{suffix}"
    if suffix == "npy":
        np.save(path, x)
    else:
        (write_npz if suffix == "npz" else write_h5)(path, anything=x)
    assert np.array_equal(read_input(path, (3,), STEP), x)


def test_the_array_called_x_is_taken(tmp_path):
    write_npz(tmp_path / "x.npz", x=np.ones((4, 3)), label=np.array([1]))
    assert read_input(tmp_path / "x.npz", (3,), STEP).shape == (4, 3)


def made(n, seed, shape=SHAPE):
    rng = np.random.default_rng(seed)
    places = [rng.integers(0, size, n) for size in shape]
    return {"t": np.sort(rng.integers(0, 20_000, n)), **dict(zip("pyx", places, strict=True))}


def write(path, events, kind):
    if kind == "csv":
        rows = zip(*(events[name].tolist() for name in "txyp"), strict=True)
        path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    elif kind == "bin":  # N-MNIST's: x, y, then the polarity and 23 bits of time
        columns = [events["x"], events["y"], (events["p"] << 7) | (events["t"] >> 16)]
        columns += [(events["t"] >> 8) & 255, events["t"] & 255]
        path.write_bytes(np.stack(columns, 1).astype(np.uint8).tobytes())
    else:
        (write_npz if kind == "npz" else write_h5)(path, **events)


@pytest.mark.parametrize("kind", ["npz", "h5", "csv", "bin"])
@settings(max_examples=5, deadline=None)
@given(n=st.integers(1, 60), seed=st.integers(0, 2**16))
def test_events_are_counted_in_frames(tmp_path_factory, kind, n, seed):
    pytest.importorskip("tonic")
    events, path = made(n, seed), tmp_path_factory.mktemp("events") / f"a.{kind}"
    write(path, events, kind)
    frames = read_input(path, SHAPE, STEP)
    late = (events["t"] - events["t"][0]) // 1000
    expected = np.zeros((late.max() + 1, *SHAPE))
    np.add.at(expected, (late, events["p"], events["y"], events["x"]), 1)
    assert np.array_equal(frames, expected)
    one = read_input(path, (1, *SHAPE[1:]), STEP)
    assert np.array_equal(one, expected.sum(axis=1, keepdims=True))


def test_an_aedat4_file():
    """`events.aedat4` was written by dv-processing 2.0.4 from the events in `events.npz`."""
    pytest.importorskip("tonic")
    pytest.importorskip("aedat")
    found, expected = (
        read_input(Path(__file__).with_name(f"events.{suffix}"), SHAPE, STEP)
        for suffix in ("aedat4", "npz")
    )
    assert found.sum() == 40
    assert np.array_equal(found, expected)


def test_events_in_seconds_without_y(tmp_path):
    pytest.importorskip("tonic")
    write_npz(tmp_path / "a.npz", t=np.array([0.002, 0.0, 0.0041]), x=np.array([1, 0, 2]))
    frames = read_input(tmp_path / "a.npz", (3,), 2e-3)
    assert frames.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_first_line_may_name_the_columns(tmp_path):
    pytest.importorskip("tonic")
    (tmp_path / "a.csv").write_text("x,y,t,p\n1,2,0,-1\n3,4,1500,1\n")
    frames = read_input(tmp_path / "a.csv", SHAPE, STEP)
    assert np.argwhere(frames).tolist() == [[0, 0, 2, 1], [1, 1, 4, 3]]


def test_sound_goes_through_filters(tmp_path):
    seconds = np.arange(8000) / 16000
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * seconds), 16000)
    x = read_input(tmp_path / "a.wav", (16,), 0.01)
    assert x.shape == (50, 16)
    loudest = x[10:].mean(axis=0)
    assert 5 < loudest.argmax() < 12
    assert 0.2 < loudest.max() < 0.36  # no filter is right at 1 kHz


def test_what_is_no_input_is_one_line(tmp_path):
    pytest.importorskip("tonic")
    paths = {
        suffix: tmp_path / f"a{suffix}" for suffix in (".csv", ".bin", ".aedat4", ".h5", ".npz")
    }
    for path in paths.values():
        path.write_bytes(b"something else\n")
    far, many, early = (tmp_path / f"{name}.npz" for name in ("far", "many", "early"))
    write_npz(far, **made(5, 0, (2, 5, 9)) | {"x": np.arange(5) + 4})
    write_npz(many, a=np.ones((2, 2)), b=np.ones((2, 2)))
    bare, unknown, uneven = (tmp_path / name for name in ("bare.csv", "nan.csv", "uneven.npz"))
    bare.write_text("t,x,y,p\n")
    unknown.write_text("1,2,3,nan\n")
    write_npz(uneven, t=np.arange(2), x=np.arange(3))
    flat = tmp_path / "flat.npy"
    np.save(flat, np.ones(9))
    write_npz(early, t=np.array([0, 10**15]), x=np.zeros(2, int), y=np.zeros(2, int))
    objects, empty = tmp_path / "objects.npy", tmp_path / "empty.npy"
    np.save(objects, np.array([{}, 1]))
    np.save(empty, np.zeros((0, 4)))
    for path, shape, expected in (
        (objects, (4,), "not a .npy file of numbers"),
        (empty, (4,), r"is \(0, 4\) float64; numbers \(T, 4\) are needed, at least one step"),
        (paths[".csv"], SHAPE, "the columns are something else; t,x,y,p"),
        (paths[".aedat4"], SHAPE, "not a list of events"),
        (paths[".h5"], SHAPE, "not a readable HDF5 file"),
        (paths[".npz"], SHAPE, "not a .npz file"),
        (tmp_path / "none.csv", SHAPE, "no such file"),
        (tmp_path / "none.npz", SHAPE, "no such file"),
        (far, SHAPE, "an event has x = 7; the network takes 0 to 6"),
        (far, (12,), r"an input of shape \(P, H, W\)"),
        (far, None, "need a known shape"),
        (bare, SHAPE, "holds 0 events"),
        (uneven, SHAPE, r"t is \(2,\), x is \(3,\); one number of each"),
        (unknown, SHAPE, "holds a value that is not finite"),
        (flat, (1,), r"is \(9,\) float64; numbers \(T, 1\) are needed"),
        (flat, None, r"numbers \(T, ...\) are needed"),
        (many, SHAPE, "holds a, b; one array is needed"),
        (early, SHAPE, "choose a longer frame"),
    ):
        with pytest.raises(SpikingMusicError, match=expected) as caught:
            read_input(path, shape, STEP)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)
