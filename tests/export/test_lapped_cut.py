"""A LAPPED bundle of fewer bins."""

from pathlib import Path

import numpy as np
import pytest

from export.lapped_cut import write_cut
from export.lapped_forms import form_hashes, write_forms
from neuromorphic.integers.bundles import lapped_units
from neuromorphic.opening import bundle_network
from neuromorphic.simulate import differing, spikes
from runtime.bundle import Bundle, open_bundle, sha256
from runtime.codec import Codec
from runtime.errors import BundleError, ExportError, OutputError
from runtime.thermometer import levels_of

BINS, RATE = 96, 22050
WHOLE = open_bundle(Path("lapped"))
SOUND = np.sin(np.cumsum(np.linspace(0.01, 0.3, 9000))).astype(np.float32) / 3


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_cut(WHOLE, BINS, tmp_path_factory.mktemp("cut") / "low")


def test_its_events_are_those_of_the_whole_in_its_bins(cut: Bundle) -> None:
    whole = levels_of(Codec(WHOLE).encode(SOUND, RATE).events, 1536)
    own = levels_of(Codec(cut).encode(SOUND, RATE).events, BINS)
    assert whole[:, BINS:].any()
    assert own.any()
    assert (own == whole[:, :BINS]).all()


def test_its_chip_computes_what_its_encoder_does(cut: Bundle) -> None:
    codec = Codec(cut)
    payload, piece = codec.analyse(SOUND)
    network = bundle_network(cut, piece.units)
    assert len(network.network.layers[0].connections[0].synapse.weight) == BINS
    assert not differing(spikes(network, payload.T), piece.events.bits)
    assert len(codec.decode(piece)) == len(SOUND)


def test_its_manifest_knows_the_files_that_can_be_made_of_it(cut: Bundle) -> None:
    files = write_forms(cut, cut.path)
    assert {path.name: sha256(path) for path in files} == cut.manifest.forms
    assert open_bundle(cut.path).manifest == cut.manifest
    files[0].write_bytes(b"other")
    with pytest.raises(BundleError, match="differs from manifest"):
        open_bundle(cut.path)
    files[0].unlink()


def test_what_cannot_be_cut_is_refused(cut: Bundle, tmp_path) -> None:
    for bundle, bins, reason in (
        (WHOLE, 1536, "a multiple of 32 below 1536"),
        (WHOLE, 100, "a multiple of 32"),
        (cut, 0, "a multiple of 32 below 96"),
        (open_bundle(Path("small")), 96, "is not a LAPPED bundle"),
    ):
        with pytest.raises(ExportError, match=reason):
            write_cut(bundle, bins, tmp_path / "no")
    with pytest.raises(OutputError, match="exists"):
        write_cut(WHOLE, 96, cut.path)
    assert not (tmp_path / "no").exists()


def test_the_shipped_manifest_knows_its_files() -> None:
    assert form_hashes(lapped_units(WHOLE)) == WHOLE.manifest.forms
