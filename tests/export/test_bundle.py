import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from export.bundle import CERTIFIED, export
from export.probe import read_probe
from export.quality import measure, measured_ways, write_quality
from neuromorphic.graphs.files import read_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.network import run_network
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.integers.nir_forms import layers_of
from runtime.bundle import EVIDENCE, Bundle, open_bundle
from runtime.codec import Codec
from runtime.decoders.presets import FAST, distances, knee, preset_of
from runtime.errors import CheckpointError, ExportError, OutputError, SpikingMusicError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import HOP, SAMPLE_RATE, Config, load_preset
from train.data.clips import Clip
from train.networks.model import Model
from train.reference import load_reference
from train.stages import stages_of

# Few layers, since torch takes most of a second to export each: two ratios, and three levels.
MICRO = [
    "encoder.filters=2",
    "encoder.ratios=[32,16]",
    "conformer.heads=2",
    "rvq.codes=16",
    "waveform.filters=2",
    "waveform.ratios=[32,16]",
    "waveform.frame_dilations=[1]",
    "code.latent=16",
    "code.units=6",
    "unet.channels=[8,8,16]",
    "unet.factors=[1,512,4]",
    "unet.items=[0,1,0]",
    "unet.features=8",
    "codes_stage.steps=1",
    "diffusion_stage.steps=1",
]
FEW = ["diffusion_stage.steps=0", "few_stage.steps=1", "few_stage.sampler_steps=[1, 2]"]


def save_run(folder: Path, config: Config, step: int = 1, batches: int = 40) -> Path:
    """A run as training would leave it, with statistics of noise instead of music."""
    folder.mkdir()
    model = Model(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():  # also those that begin at zero
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
        model.train()
        for _ in range(batches):
            audio = torch.randn(2, 1, 16 * HOP, generator=generator) * 0.1
            model.code(audio, torch.tensor([8, 20]))
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    stage = stages_of(config)[-1].name
    checkpoints.save(folder, Checkpoint(config, "noise", stage, step, tensors))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("runs") / "run", load_preset("tiny", [*MICRO, *FEW]))


@pytest.fixture(scope="module")
def bundle(run: Path) -> Bundle:
    return export(run, run.parent / "bundle")


def noise(samples: int, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def fired(bundle: Bundle, payload: np.ndarray) -> np.ndarray:
    """The spikes of our integer executor."""
    network = network_of(layers_of(read_graph(bundle.file("bottleneck.nir"))))
    return run_network(network, payload)


def test_a_bundle_has_every_part_and_opens(bundle: Bundle) -> None:
    names = {"encoder", "decoder", "decoder_fast"}
    assert {f"{name}.onnx" for name in names} | {
        "bottleneck.nir",
        "bottleneck.lif.nir",
        "bottleneck.net",
        *EVIDENCE,
    } == set(bundle.manifest.files)
    assert open_bundle(bundle.path).manifest == bundle.manifest


def test_a_bundle_brings_its_certificate(bundle: Bundle) -> None:
    certificate = json.loads(bundle.file("certificate.json").read_text())
    assert certificate["holds"]
    assert certificate["model"] == bundle.manifest.model_hash
    assert [row["name"] for row in certificate["rows"]] == ["torch", *CERTIFIED]
    assert {row["wrong"] for row in certificate["rows"]} == {0}
    assert certificate["probe"]["real_frames"] == 3 * bundle.manifest.chunk_frames
    probe = read_probe(bundle.file("probe.npz"))
    np.testing.assert_array_equal(probe.torch, fired(bundle, probe.payload))


@pytest.mark.parametrize("seconds", [0.3, 5.9, 9.1])
def test_torch_onnx_nir_and_integers_give_the_same_bits(bundle: Bundle, seconds: float) -> None:
    samples = noise(round(seconds * SAMPLE_RATE))
    payload, piece = Codec(bundle).analyse(samples)
    events = piece.events
    for name in ("bottleneck.nir", "bottleneck.lif.nir"):
        spikes = run_graph(read_graph(bundle.file(name)), payload.T, 1e-4).T
        np.testing.assert_array_equal(spikes > 0, events.bits)
    np.testing.assert_array_equal(fired(bundle, payload), events.bits)
    netx = run_network(read_netx(bundle.file("bottleneck.net")), payload)
    np.testing.assert_array_equal(netx, events.bits)
    wrong = load_reference(bundle)(samples) != events.bits
    # Payloads may round differently where float sums differ in their last bit.
    assert wrong.mean() <= 1e-3


@pytest.mark.parametrize("frames", [8, 20, 96])
def test_decoders_equal_torch_at_any_length(bundle: Bundle, run: Path, frames: int) -> None:
    from export.onnx_graphs import deployed_unet, deployed_waveform

    model = Model(checkpoints.load(run).config).eval()
    model.load_state_dict(checkpoints.load(run).part("model"))
    waveform, unet = deployed_waveform(model), deployed_unet(model)
    generator = torch.Generator().manual_seed(frames)
    events = torch.rand(1, 6, frames, generator=generator).round()
    sound, base = torch.randn(2, 1, 1, HOP * frames, generator=generator).unbind()
    with torch.no_grad():
        audio = waveform(events)
        velocity = unet(sound, torch.tensor([0.4]), events, base)
    feeds = {
        "decoder_fast.onnx": ({"events": events}, audio),
        "decoder.onnx": (
            {"sample": sound, "sigma": torch.tensor([0.4]), "events": events, "base": base},
            velocity,
        ),
    }
    for name, (feed, expected) in feeds.items():
        session = onnxruntime.InferenceSession(bundle.file(name))
        (found,) = session.run(None, {key: value.numpy() for key, value in feed.items()})
        peak = float(expected.abs().max())
        np.testing.assert_allclose(found / peak, expected.numpy() / peak, rtol=0, atol=1e-5)


def test_a_bundle_is_decoded_in_as_few_steps_as_it_was_fitted_to(bundle: Bundle) -> None:
    assert bundle.manifest.decoder.steps == 2


def test_mu_goes_into_the_graphs_and_codes_alone_have_no_diffusion(tmp_path: Path) -> None:
    config = load_preset("tiny", [*MICRO, "code.kind=MU_SPARSE", "diffusion_stage.steps=0"])
    made = export(save_run(tmp_path / "run", config), tmp_path / "bundle")
    assert "decoder.onnx" not in made.manifest.files
    assert (made.manifest.kind, made.manifest.decoder.default) == ("MU_SPARSE", "fast")
    samples, codec = noise(90_000), Codec(made)
    sounds = []
    for mu in (6, 26):
        payload, piece = codec.analyse(samples, mu=mu)
        assert (load_reference(made)(samples, mu) != piece.events.bits).mean() <= 1e-3
        np.testing.assert_array_equal(fired(made, payload), piece.events.bits)
        sounds.append(codec.decode(piece))
    assert not np.allclose(*sounds)
    with pytest.raises(SpikingMusicError, match="mu 32"):
        codec.encode(samples, 22050, mu=32)


def test_context_goes_into_a_model_trained_end_to_end_which_makes_another_bundle_give_way(
    bundle: Bundle, tmp_path: Path
) -> None:
    own = ["code.kind=SPARSE", "codes_stage.steps=0", "unet.on_residual=false"]
    run = save_run(tmp_path / "run", load_preset("tiny", [*MICRO, *own]))
    shutil.copytree(bundle.path, tmp_path / "old")
    made = export(run, tmp_path / "old", steps=3, overwrite=True)
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "old"}
    assert made.manifest.decoder.steps == 3
    assert "decoder_fast.onnx" not in made.manifest.files
    assert not (made.path / "decoder_fast.onnx").exists()
    codec, samples = Codec(made), noise(30_000)
    payload, piece = codec.analyse(samples)
    assert (load_reference(made)(samples) != piece.events.bits).mean() <= 1e-3
    np.testing.assert_array_equal(fired(made, payload), piece.events.bits)
    sound = codec.decode(piece, steps=2)
    assert np.isfinite(sound).all()
    assert sound.std() > 0
    with pytest.raises(SpikingMusicError, match="SPARSE and has one rate"):
        codec.encode(samples, 22050, mu=8)


def test_files_hold_half_precision_and_no_local_path(bundle: Bundle) -> None:
    for path in bundle.path.iterdir():
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert str(Path.cwd()).encode() not in content
    for name in ("encoder.onnx", "decoder.onnx", "decoder_fast.onnx"):
        weights = onnx.load(bundle.file(name)).graph.initializer
        large = [w.data_type for w in weights if np.prod(w.dims) >= 64]
        assert large
        assert TensorProto.FLOAT not in large


def test_an_unfinished_or_inexact_run_is_refused(tmp_path: Path) -> None:
    config = load_preset("tiny", MICRO)
    with pytest.raises(ExportError, match="stopped at step 0"):
        export(save_run(tmp_path / "early", config, step=0, batches=0), tmp_path / "bundle")
    loose = dataclasses.replace(config, code=dataclasses.replace(config.code, on_grid=False))
    with pytest.raises(ExportError, match="on_grid"):
        export(save_run(tmp_path / "loose", loose, batches=0), tmp_path / "bundle")
    rvq = load_preset("tiny", [*MICRO, "code.kind=RVQ"])
    with pytest.raises(ExportError, match="RVQ has no events"):
        export(save_run(tmp_path / "rvq", rvq, batches=0), tmp_path / "bundle")
    with pytest.raises(CheckpointError, match="holds no"):
        export(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_an_existing_bundle_stays(bundle: Bundle, run: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        export(run, bundle.path)
    assert open_bundle(bundle.path).manifest == bundle.manifest


def test_only_a_bundle_makes_way_for_another(run: Path, bundle: Bundle, tmp_path: Path) -> None:
    thesis, mixed = tmp_path / "thesis", tmp_path / "mixed"
    thesis.mkdir()
    (thesis / "thesis.tex").write_text("years of work")
    shutil.copytree(bundle.path, mixed)
    (mixed / "notes.txt").write_text("mine")
    for folder, named in ((thesis, "not a bundle"), (mixed, "notes.txt")):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(OutputError, match=named):
            export(run, folder, overwrite=True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_quality_is_measured_and_written_without_changing_the_model(bundle: Bundle) -> None:
    found = measure(bundle, [Clip(name, noise(40_000)) for name in ("a", "b")])
    assert found["clips"] == 2
    ways = measured_ways(bundle.manifest)
    assert list(found["decoders"]) == [way.name for way in ways]
    assert 0 < found["density"] < 1
    write_quality(bundle, {"noise": found})
    again = open_bundle(bundle.path)
    assert again.manifest.quality == {"noise": json.loads(json.dumps(found))}
    assert again.manifest.model_hash == bundle.manifest.model_hash
    distance = distances(again.manifest)
    assert list(distance) == ways
    assert preset_of("good", again.manifest) == knee(distance)
    del distance[FAST]
    decoder, chosen = again.manifest.decoder, knee(distance)
    assert (decoder.sampler, decoder.steps) == (chosen.sampler, chosen.steps)
