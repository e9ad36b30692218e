"""A lapped training of seconds, resumed; and that what it trains is what a chip fires."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from runtime.audio.samples import Samples
from runtime.bundle import TABLES
from runtime.coders.lapped.tables import read_tables
from runtime.errors import TrainingError
from train.config import read_preset
from train.lapped.config import Lapped, lapped_config
from train.lapped.loop import train
from train.lapped.model import Model, crop
from train.lapped.objectives import count
from train.lapped.run import LappedRun
from train.log import LOG
from train.parts import Stage

MICRO = {
    "bins": 192,
    "frames": 16,
    "mover_width": 4,
    "rate_width": 4,
    "refiner_width": 4,
    "noise_width": 8,
    "table_crops": 2,
    "units_stage": Stage(4, 1e-3),
    "refiner_stage": Stage(4, 1e-3),
    "joint_stage": Stage(4, 1e-3),
    "noise_stage": Stage(3, 1e-3),
    "envelope_width": 6,
    "velocity_width": 4,
    "envelope_stage": Stage(2, 1e-3),
    "diffusion_stage": Stage(8, 1e-3),
}


def micro(**changes: object) -> Lapped:
    config = dataclasses.replace(lapped_config(read_preset("lapped")), **MICRO)  # type: ignore[arg-type]
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def tones(stage: str, step: int) -> Samples:
    rng = np.random.default_rng([len(stage), step])
    time = np.arange(16 * 2048) / 22050
    hertz, phase = rng.uniform(100, 2000, (5, 1)), rng.uniform(0, 6, (5, 1))
    sound = 0.1 * np.sin(2 * np.pi * hertz * time + phase).sum(0) * np.exp(-4 * time)
    return (sound + 0.001 * rng.standard_normal(len(time))).astype(np.float32)


def losses(folder: Path) -> list[tuple[str, int, float]]:
    rows = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [(row["stage"], row["step"], row["loss"]) for row in rows]


def test_every_stage_trains_and_the_tables_are_written(tmp_path: Path) -> None:
    train(LappedRun(micro(), tmp_path, "tones", tones))
    found = losses(tmp_path)
    steps = {"units": 4, "refiner": 4, "joint": 4, "noise": 3, "envelope": 2, "diffusion": 8}
    assert [stage for stage, _, _ in found] == [name for name, n in steps.items() for _ in range(n)]
    assert np.isfinite([loss for _, _, loss in found]).all()
    assert read_tables(tmp_path / TABLES)
    point = LappedRun.load(tmp_path)
    assert (point.stage, point.step) == ("diffusion", 8)
    with pytest.raises(TrainingError, match="holds a run already"):
        train(LappedRun(micro(), tmp_path, "tones", tones))
    with pytest.raises(TrainingError, match="other settings"):
        train(LappedRun(micro(seed=1), tmp_path, "tones", tones), resume=True)


def test_silence_trains_without_a_number_that_is_none(tmp_path: Path) -> None:
    train(LappedRun(micro(), tmp_path, "silence", lambda stage, step: np.zeros(32768, np.float32)))
    assert np.isfinite([loss for _, _, loss in losses(tmp_path)]).all()


def test_a_chip_fires_what_was_trained() -> None:
    model = Model(micro())
    torch.manual_seed(0)
    model.units.offsets.data += 0.05 * torch.randn_like(model.units.offsets)
    heard = crop(tones("units", 0), 0.5, model.chip())
    fired = heard.levels(model.chip())
    size = heard.sizes(model.scale, 2048)
    thresholds = model.thresholds(192).detach()[:, None, None].expand(-1, *size.shape)
    wanted = count(size, thresholds)
    assert fired.any()
    differs = (fired.abs() != wanted).float().mean()
    assert differs < 0.01  # thresholds are rounded to the chip's grid, and nothing else
