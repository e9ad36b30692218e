import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.lowering import lower
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.nir_forms import exact_graph
from neuromorphic.lava import driver, process, shim
from runtime.errors import GraphError, MissingPackageError


@pytest.fixture
def lava():
    """The suite's set-up installs Lava: without it these tests fail, and say how to get it."""
    shim.require_lava()


@pytest.fixture
def groups(monkeypatch):
    """Remember the process groups that are started."""
    started = []
    original = subprocess.Popen

    class Recorder(original):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self.pid)

    monkeypatch.setattr(process.subprocess, "Popen", Recorder)
    return started


def alive(group, patience=5):
    """Tell whether a group outlives a moment, s: a signal that was sent takes its time."""
    end = time.monotonic() + patience
    while members(group):
        if time.monotonic() > end:
            return True
        time.sleep(0.01)
    return False


def members(group):
    """Return the processes of a group that have not ended (a zombie has)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(own) == group and state not in "ZX":
            found.append(path.parent.name)
    return found


@pytest.mark.usefixtures("lava")
def test_lava_spikes_as_the_layer_in_lanes(make_layer, make_payload, monkeypatch, groups):
    monkeypatch.setattr(driver, "LANE", 8)
    layer = make_layer(5, units=20, inputs=30, shift=3)
    payload = make_payload(layer, 5, 77)
    heard = []
    spikes = driver.run_on_lava(layer.network(), payload, progress=heard.append)
    assert np.array_equal(spikes, layer.spikes(payload))
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)
    assert len(groups) == 1
    assert not any(alive(group) for group in groups)


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("mode", ["fixed", "floating", "netx"])
def test_other_ways_spike_alike(make_layer, make_payload, tmp_path, mode):
    layer = make_layer(6, units=20, inputs=30, shift=3)
    payload = make_payload(layer, 6, 50)
    if mode == "netx":
        path = tmp_path / "layer.net"
        write_netx(layer.network(), path)
        spikes = driver.run_netx(path, layer.network(), payload)
    else:
        floats = lower(parse_graph(exact_graph(layer.exact)), STEP)
        network = floats if mode == "floating" else layer.network()
        spikes = driver.run_on_lava(network, payload, mode)
    assert np.array_equal(spikes, layer.spikes(payload))


@pytest.mark.usefixtures("lava")
def test_one_sign_and_no_weight_at_all(tmp_path):
    path = tmp_path / "layer.net"
    payload = np.array([[-127, -1, 0, 1, 127]], np.int8)
    for mode, weight in (
        ("netx", [[127], [1], [0]]),
        ("fixed", [[-127], [-1], [0]]),
        ("fixed", [[0], [0], [0]]),
    ):
        layer = IntegerLayer(np.array(weight), np.array([0, -1, 4093]), 0)
        write_netx(layer.network(), path, overwrite=True)
        network = layer.network()
        if mode == "netx":
            spikes = driver.run_netx(path, network, payload)
        else:
            spikes = driver.run_on_lava(network, payload, mode)
        assert np.array_equal(spikes, layer.spikes(payload))


@pytest.mark.usefixtures("lava")
def test_nothing_to_do_and_wrong_payload(make_layer, groups):
    layer = make_layer(0)
    assert driver.run_on_lava(layer.network(), np.empty((layer.inputs, 0), np.int8)).shape == (
        layer.units,
        0,
    )
    with pytest.raises(GraphError, match="input is"):
        driver.run_on_lava(layer.network(), np.zeros((3, 3), np.int8))
    assert groups == []


@pytest.mark.usefixtures("lava")
def test_a_run_that_takes_too_long_leaves_nothing(make_layer, groups):
    layer = make_layer(0)
    payload = np.zeros((layer.inputs, 16384), np.int8)
    with pytest.raises(process.SimulationError, match="ended after"):
        driver.run_on_lava(layer.network(), payload, timeout=0.05)  # less than Lava takes to start
    assert len(groups) == 1
    assert not alive(groups[0])


@pytest.mark.usefixtures("lava")
def test_a_run_that_dies_leaves_nothing(make_layer, groups, monkeypatch):
    monkeypatch.setattr(driver, "write_plan", lambda network, frames, bits, folder: [0])
    layer = make_layer(0)
    with pytest.raises(process.SimulationError, match=r"the simulator failed: .+") as caught:
        driver.run_on_lava(layer.network(), np.zeros((layer.inputs, 10), np.int8), timeout=30)
    assert "\n" not in str(caught.value)
    assert len(groups) == 1
    assert not alive(groups[0])


SPAWN = "import subprocess, sys, time; subprocess.Popen(['sleep', '100']); "


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("time.sleep(100)", "ended after 0.5 s"),
        ("sys.exit('it broke')", "failed: it broke"),
        ("sys.exit(3)", "failed: no message"),
    ],
)
def test_children_of_a_failed_command_are_ended(tmp_path, groups, ending, words):
    command = [sys.executable, "-c", SPAWN + ending]
    with pytest.raises(process.SimulationError, match=words):
        process.run_alone(command, tmp_path / "log", 0.5 if "sleep" in ending else 30)
    assert not alive(groups[0])


def test_children_of_a_good_command_are_ended_too(tmp_path, groups):
    process.run_alone([sys.executable, "-c", SPAWN], tmp_path / "log", 30)
    assert not alive(groups[0])


@pytest.mark.usefixtures("lava")
def test_nothing_is_left_where_the_caller_is_killed():
    code = (
        "import numpy as np\nfrom neuromorphic.integers.layer import IntegerLayer\n"
        "from neuromorphic.lava import driver\n"
        "layer = IntegerLayer(np.ones((2, 3)), np.zeros(2), 0)\n"
        "tell = lambda share: print('*', flush=True)\n"
        "driver.run_on_lava(layer.network(), np.ones((3, 10**6), np.int8), progress=tell)"
    )
    root = str(Path(__file__).parents[3])
    given = {"env": {**os.environ, "PYTHONPATH": root}, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **given) as caller:
        caller.stdout.readline()
        while not (group := worker_of(caller.pid)):
            time.sleep(0.05)
        caller.kill()
    assert not alive(group, 60)  # Python may be starting still


def worker_of(pid):
    """Return the process group of a child of a process; the worker leads its own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    groups = [int(child) for child in children if os.getpgid(int(child)) == int(child)]
    return groups[0] if groups else None


def test_says_how_to_get_lava(monkeypatch):
    monkeypatch.setattr(shim.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"make.*--ignore-requires-python"):
        shim.require_lava()
    with pytest.raises(MissingPackageError):
        driver.run_netx(None, None, None)


def test_neither_lava_nor_torch_is_imported_here():
    code = (
        "import sys, neuromorphic.lava.driver, neuromorphic.integers.nir_forms\n"
        "import neuromorphic.integers.netx, neuromorphic.costs.ledger\n"
        "assert not {'torch', 'lava'} & set(sys.modules)"
    )
    root = str(Path(__file__).parents[3])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": root})
