import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from train import checkpoint as checkpoints
from train import loop
from train.checkpoint import CheckpointError
from train.config import Config, Stage, load_preset
from train.data.corpus import Crops
from train.data.piano import SAMPLE_RATE
from train.data.sets import load_music
from train.loop import Run, TrainingError, train
from train.networks.model import Model

MICRO = [
    "encoder.filters=2",
    "waveform.filters=2",
    "code.latent=8",
    "code.units=6",
    "unet.channels=[8,8,8,8,8,8,8,8,8]",
    "unet.features=8",
    "codes_stage.batch=2",
    "codes_stage.samples=4096",
    "codes_stage.steps=8",
    "diffusion_stage.batch=2",
    "diffusion_stage.samples=4096",
    "diffusion_stage.steps=6",
]


@pytest.fixture
def music_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    time_axis = np.arange(SAMPLE_RATE * 4) / SAMPLE_RATE
    for index, pitch in enumerate((220, 330, 440)):
        sound = 0.3 * np.sin(2 * np.pi * pitch * time_axis) * np.exp(-(time_axis % 0.7) * 4)
        soundfile.write(folder / f"{index}.flac", sound, SAMPLE_RATE)
    return folder


def make(music_folder: Path, folder: Path, config: Config | None = None) -> Run:
    music = load_music(str(music_folder), folder.parent / "cache")
    return Run(config or load_preset("tiny", MICRO), folder, "test", music)


def losses(folder: Path) -> dict[tuple[str, int], float]:
    """The losses by stage and step; a step done twice counts as done last."""
    rows = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return {(row["stage"], row["step"]): row["loss"] for row in rows}


def test_a_run_killed_anywhere_and_resumed_gives_the_same_losses(
    tmp_path: Path, music_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EVERY", 3)
    train(make(music_folder, tmp_path / "whole"))
    whole = losses(tmp_path / "whole")
    assert len(whole) == 14

    crop = Crops.__call__

    def breaks_at(stage: int, last: int):  # type: ignore[no-untyped-def]
        def call(self: Crops, step: int) -> np.ndarray:
            if (self.seed, step) == (stage, last):
                raise KeyboardInterrupt
            return crop(self, step)

        return call

    for stage, last in ((0, 5), (1, 4)):
        monkeypatch.setattr(Crops, "__call__", breaks_at(stage, last))
        with pytest.raises(KeyboardInterrupt):
            train(make(music_folder, tmp_path / "broken"), resume=stage > 0)
    monkeypatch.setattr(Crops, "__call__", crop)
    train(make(music_folder, tmp_path / "broken"), resume=True)
    assert losses(tmp_path / "broken") == whole
    one, other = (checkpoints.load(tmp_path / name).tensors for name in ("whole", "broken"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_killed_process_leaves_a_checkpoint_that_resumes(
    tmp_path: Path, music_folder: Path
) -> None:
    code = (
        "from pathlib import Path; from train import loop; from train.loop import Run, train;"
        "from train.config import load_preset; from train.data.sets import load_music;"
        f"loop.EVERY = 2; music = load_music({str(music_folder)!r}, Path('unused'));"
        f"train(Run(load_preset('tiny', {MICRO} + ['codes_stage.steps=4000']),"
        f" Path({str(tmp_path / 'killed')!r}), 'test', music))"
    )
    root = Path(loop.__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stderr=subprocess.DEVNULL)
    path = tmp_path / "killed" / checkpoints.NAME
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    found = checkpoints.load(tmp_path / "killed")
    assert found.step >= 2
    assert found.step % 2 == 0


def test_a_finished_run_holds_averaged_weights_a_log_and_a_picture(
    tmp_path: Path, music_folder: Path
) -> None:
    folder = tmp_path / "run"
    train(make(music_folder, folder))
    found = checkpoints.load(folder)
    assert (found.stage, found.step) == ("diffusion", 6)
    model, average = found.part("model"), found.part("average")
    assert all(torch.equal(model[name], average[name]) for name in average)
    assert (folder / "log.png").read_bytes().startswith(b"\x89PNG")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert {"valid_snr_db", "valid_mel", "valid_density"} <= rows[7].keys()


def test_the_second_stage_leaves_the_codes_alone(tmp_path: Path, music_folder: Path) -> None:
    config = load_preset("tiny", MICRO)
    train(make(music_folder, tmp_path / "run", config))
    both = checkpoints.load(tmp_path / "run").part("model")
    short = dataclasses.replace(
        config, diffusion_stage=dataclasses.replace(config.diffusion_stage, steps=0)
    )
    train(make(music_folder, tmp_path / "codes", short))
    codes = checkpoints.load(tmp_path / "codes").part("model")
    frozen = [name for name in codes if not name.startswith("unet.")]
    assert frozen
    assert all(torch.equal(both[name], codes[name]) for name in frozen)


def test_a_folder_with_a_run_or_with_another_run_is_refused(
    tmp_path: Path, music_folder: Path
) -> None:
    train(make(music_folder, tmp_path / "run"))
    with pytest.raises(TrainingError, match="--resume"):
        train(make(music_folder, tmp_path / "run"))
    other = load_preset("tiny", [*MICRO, "code.units=7"])
    with pytest.raises(TrainingError, match="other settings"):
        train(make(music_folder, tmp_path / "run", other), resume=True)


def test_a_missing_or_damaged_checkpoint_is_named(tmp_path: Path, music_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no"):
        checkpoints.load(tmp_path)
    train(make(music_folder, tmp_path / "run"))
    path = tmp_path / "run" / checkpoints.NAME
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"x" * 100):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="not a whole checkpoint"):
            checkpoints.load(tmp_path / "run")


def test_learning_lowers_the_loss(tmp_path: Path, music_folder: Path) -> None:
    stage = Stage(steps=60, batch=4, samples=4096, learning_rate=3e-3, ema=0.9)
    config = dataclasses.replace(load_preset("tiny", MICRO), codes_stage=stage)
    train(make(music_folder, tmp_path / "run", config))
    found = [loss for (name, _), loss in losses(tmp_path / "run").items() if name == "codes"]
    assert np.mean(found[-10:]) < np.mean(found[:10]) - 0.1


def test_the_papers_preset_builds_and_takes_one_step(tmp_path: Path, music_folder: Path) -> None:
    overrides = [
        "diffusion_stage.steps=1",
        "diffusion_stage.batch=1",
        "diffusion_stage.samples=4096",
    ]
    config = load_preset("paper", overrides)
    model = Model(config)
    part = loop._parts(config)[0]
    audio = torch.randn(2, 1, 4096) * 0.1
    trained = torch.nn.ModuleList(getattr(model, name) for name in part.modules)
    optimiser = torch.optim.SGD(trained.parameters(), 1e-4)
    loss, _ = part.objective(model, audio, 0)
    loss.backward()
    before = model.encoder.state_dict()["layers.0.convolution.bias"].clone()
    optimiser.step()
    assert part.name == "diffusion"
    assert torch.isfinite(loss)
    assert not torch.equal(before, model.encoder.state_dict()["layers.0.convolution.bias"])
