"""What a shipped bundle lacks, trained for seconds, resumed, exported, and heard."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from export.bundle import Terms
from export.diffusion import export_diffusion
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.errors import ConfigError, ExportError, OutputError, TrainingError
from train.config import read_preset
from train.diffusion.config import Diffusion, diffusion_config
from train.diffusion.loop import train
from train.diffusion.run import DiffusionRun
from train.log import LOG
from train.parts import Stage

MICRO = {
    "frames": 24,
    "start_from": "",
    "envelope_width": 6,
    "velocity_width": 4,
    "envelope_stage": Stage(2, 1e-3),
    "diffusion_stage": Stage(5, 1e-3),
}


def micro(**changes: object) -> Diffusion:
    config = dataclasses.replace(diffusion_config(read_preset("diffusion")), **MICRO)  # type: ignore[arg-type]
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def tones(stage: str, step: int) -> Samples:
    rng = np.random.default_rng([len(stage), step])
    time = np.arange(24 * 512) / 22050
    hertz, phase = rng.uniform(100, 2000, (5, 1)), rng.uniform(0, 6, (5, 1))
    sound = 0.1 * np.sin(2 * np.pi * hertz * time + phase).sum(0) * np.exp(-4 * time)
    return (sound + 0.001 * rng.standard_normal(len(time))).astype(np.float32)


def losses(folder: Path) -> list[tuple[str, int, float]]:
    rows = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [(row["stage"], row["step"], row["loss"]) for row in rows]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(DiffusionRun(micro(), folder, "tones", tones))
    return folder


def test_every_stage_trains(run: Path) -> None:
    found = losses(run)
    assert [stage for stage, _, _ in found] == ["envelope"] * 2 + ["diffusion"] * 5
    assert np.isfinite([loss for _, _, loss in found]).all()
    assert (DiffusionRun.load(run).stage, DiffusionRun.load(run).step) == ("diffusion", 5)
    with pytest.raises(TrainingError, match="holds a run already"):
        train(DiffusionRun(micro(), run, "tones", tones))
    with pytest.raises(TrainingError, match="other settings"):
        train(DiffusionRun(micro(seed=1), run, "tones", tones), resume=True)


@pytest.mark.parametrize("kind", ["silence", "mu"])
def test_silence_and_many_rates_train(kind: str, tmp_path: Path) -> None:
    if kind == "mu":
        train(DiffusionRun(micro(bundle="spectral-mu"), tmp_path, "tones", tones))
    else:
        nothing = np.zeros(24 * 512, np.float32)
        train(DiffusionRun(micro(), tmp_path, "silence", lambda stage, step: nothing))
    assert np.isfinite([loss for _, _, loss in losses(tmp_path)]).all()


def test_a_bundle_gets_what_was_trained_and_keeps_its_code(run: Path, tmp_path: Path) -> None:
    plain, made = open_bundle(Path("spectral")), export_diffusion(run, tmp_path / "made", Terms())
    assert made.manifest.decoders == ("diffusion", "fast")
    assert made.manifest.licence == plain.manifest.licence
    assert made.manifest.training["diffusion"]["steps"] == {"envelope": 2, "diffusion": 5}
    certificate = json.loads(made.file("certificate.json").read_text())
    assert certificate["model"] == made.manifest.model_hash
    assert certificate["holds"]
    sound = np.concatenate([tones("a", 1)] * 4)
    codec, before = Codec(made), Codec(plain)
    piece, likely = codec.encode(sound, 22_050), before.encode(sound, 22_050)
    assert piece.events == likely.events
    np.testing.assert_array_equal(codec.decode(piece, "fast"), before.decode(likely, "fast"))
    heard = codec.decode(piece, "diffusion")
    assert heard.shape == sound.shape
    assert not np.array_equal(heard, codec.decode(piece, "fast"))
    with pytest.raises(OutputError, match="exists"):
        export_diffusion(run, tmp_path / "made", Terms())


def test_a_run_that_has_not_finished_is_refused(tmp_path: Path) -> None:
    config = micro(diffusion_stage=Stage(0, 1e-3))
    train(DiffusionRun(config, tmp_path, "tones", tones))
    with pytest.raises(ExportError, match="has not finished"):
        export_diffusion(tmp_path, tmp_path / "made", Terms())


@pytest.mark.parametrize("bundle", ["lapped", "small"])
def test_a_bundle_without_a_place_for_it_is_refused(bundle: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose a bundle of the paper's kinds"):
        train(DiffusionRun(micro(bundle=bundle), tmp_path, "tones", tones))


def test_nets_of_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"start_from: envelope.onnx of lapped has other sizes"):
        train(DiffusionRun(micro(start_from="lapped"), tmp_path, "tones", tones))
