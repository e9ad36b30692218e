import dataclasses
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from lightning_fabric import Fabric

from runtime.errors import CheckpointError, TrainingError
from train import checkpoint as checkpoints
from train import journal, loop
from train.config import SAMPLE_RATE, Config, Schedule, load_preset
from train.data import sets
from train.loop import train
from train.networks.model import Model
from train.plot import plot
from train.run import Run
from train.samples import write_samples
from train.stages import Network, Stage, draw, stages_of, velocity_loss

Losses = Callable[[Path], dict[tuple[str, int], float]]
Make = Callable[..., Run]


@pytest.fixture
def make(
    tmp_path: Path,
    micro: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> Make:
    """A run on three pieces of music, of micro networks with some changes."""
    monkeypatch.setattr(loop, "BATCHES", 2)
    monkeypatch.setattr(sets, "VALIDATION_CLIPS", 3)
    monkeypatch.setattr(sets, "VALIDATION_SAMPLES", 16_384)
    for picture in ("plot", "write_samples"):  # they take most of the time
        monkeypatch.setattr(journal, picture, lambda *_: None)
    music = tmp_path / "music"
    music.mkdir()
    time_axis = np.arange(SAMPLE_RATE * 4) / SAMPLE_RATE
    for index, pitch in enumerate((220, 330, 440)):
        sound = 0.3 * np.sin(2 * np.pi * pitch * time_axis) * np.exp(-(time_axis % 0.7) * 4)
        soundfile.write(music / f"{index}.flac", sound, SAMPLE_RATE)

    def made(name: str, *changes: str, config: Config | None = None) -> Run:
        preset = load_preset("tiny", [*micro, "joint_stage.steps=0", *changes])
        found = sets.load_music(str(music), tmp_path / "cache")
        return Run(config or preset, tmp_path / name, "test", found)

    return made


def test_a_finished_run_holds_averaged_weights(make: Make) -> None:
    run = make("run")
    train(run)
    found = checkpoints.load(run.folder)
    assert (found.stage, found.step) == ("diffusion", 5)
    model, average = found.part("model"), found.part("average")
    assert all(torch.equal(model[name], average[name]) for name in average)


def test_a_run_leaves_a_log_a_picture_sounds_and_a_tensorboard(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "plot", plot)
    monkeypatch.setattr(journal, "write_samples", write_samples)
    run = make("run", "code.kind=MU_SPARSE")
    train(run)
    assert (run.folder / "log.png").read_bytes().startswith(b"\x89PNG")
    rows = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert [(row["stage"], row["step"]) for row in rows[6:10]] == [
        ("codes", 6),
        ("codes", 7),
        ("diffusion", 0),
        ("diffusion", 1),
    ]
    logged = {"loss", "noise", "mel", "price", "density", "kbps", "price_weight", "core_seconds"}
    assert logged <= rows[6].keys()
    judged = {"valid_snr_db", "valid_si_snr_db", "valid_mel", "valid_density", "valid_mu_error"}
    assert judged <= rows[7].keys()
    assert "valid_velocity" in rows[-1]
    for folder in ("codes-000008", "diffusion-000005"):
        samples = run.folder / "samples" / folder
        assert (samples / "spectrogram.png").read_bytes().startswith(b"\x89PNG")
        for name in ("original", "decoded"):
            sound, rate = soundfile.read(samples / f"{name}.flac")
            assert (len(sound), rate) == (run.music.validation.shape[1], SAMPLE_RATE)
    assert list((run.folder / "tensorboard").glob("events.out.tfevents.*"))


def test_the_second_stage_leaves_the_codes_alone(make: Make) -> None:
    both, short = make("both"), make("codes", "diffusion_stage.steps=0")
    train(both)
    train(short)
    after = checkpoints.load(both.folder).part("model")
    codes = checkpoints.load(short.folder).part("model")
    frozen = [name for name in codes if not name.startswith("unet.")]
    assert frozen
    assert all(torch.equal(after[name], codes[name]) for name in frozen)


def test_a_settled_code_keeps_the_statistics_that_it_was_given(make: Make) -> None:
    run = make("run", "codes_stage.settle=3", "diffusion_stage.steps=0")
    train(dataclasses.replace(run, every=2))
    found = checkpoints.load(run.folder)
    model, average = found.part("model"), found.part("average")
    for norm in ("bottleneck.latent_norm", "bottleneck.norm"):
        for name in ("running_mean", "running_var"):
            assert torch.equal(model[f"{norm}.{name}"], average[f"{norm}.{name}"])
        assert model[f"{norm}.num_batches_tracked"] == loop.BATCHES  # none after them


def test_a_code_that_has_settled_before_keeps_its_statistics_from_the_start(make: Make) -> None:
    first = make("first", "diffusion_stage.steps=0")
    train(first)
    then = make("then", f"start_from={first.folder}", "codes_stage.settle=0")
    train(then)
    before, after = (checkpoints.load(run.folder).part("model") for run in (first, then))
    for norm in ("bottleneck.latent_norm", "bottleneck.norm"):
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            assert torch.equal(before[f"{norm}.{name}"], after[f"{norm}.{name}"])


@pytest.mark.parametrize("kind", ["SPARSE", "MEL"])
def test_the_other_kinds_train_in_all_stages(make: Make, losses: Losses, kind: str) -> None:
    run = make("run", f"code.kind={kind}", "joint_stage.steps=2")
    train(run)
    found = losses(run.folder)
    assert len(found) == 8 + 5 + 2
    assert all(np.isfinite(loss) for loss in found.values())


def test_the_price_of_events_outlasts_the_stage_that_it_grew_in(make: Make) -> None:
    run = make("run", "code.kind=MU_SPARSE", "joint_stage.steps=2")
    train(run)
    rows = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    paid = {(row["stage"], row["step"]): row["price_weight"] for row in rows if "price" in row}
    assert paid["codes", 3] < paid["codes", 7] == paid["joint", 0] == paid["joint", 1]
    assert ("codes", 2) not in paid


def test_a_collapse_lowers_the_price_and_then_ends_the_run(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "collapse", lambda *_: "all is still")
    run = dataclasses.replace(make("run", "code.kind=MU_SPARSE", "codes_stage.steps=20"), every=4)
    with pytest.raises(TrainingError, match=r"codes step 16: all is still; lower sparsity.weight"):
        train(run)
    assert capsys.readouterr().err.count("all is still; the price of events is halved") == 3
    found = checkpoints.load(run.folder)
    assert (found.step, found.tensors["price.relief"].item()) == (12, 8.0)


def test_where_nothing_is_paid_for_events_a_collapse_ends_the_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "collapse", lambda *_: "all is still")
    run = dataclasses.replace(make("run", "codes_stage.steps=20"), every=4)
    with pytest.raises(TrainingError, match="codes step 8: all is still"):
        train(run)


def test_a_folder_with_a_run_or_with_another_run_is_refused(make: Make) -> None:
    train(make("run"))
    with pytest.raises(TrainingError, match="--resume"):
        train(make("run"))
    for other in ("code.units=7", "code.kind=RVQ", "name=other"):
        with pytest.raises(TrainingError, match="other settings"):
            train(make("run", other), resume=True)


def test_a_finished_run_gets_more_stages_and_keeps_what_it_has(make: Make, losses: Losses) -> None:
    short = make("run", "diffusion_stage.steps=0")
    train(short)
    codes = checkpoints.load(short.folder).part("model")
    train(make("run", "diffusion_stage.steps=0", "few_stage.steps=3"), resume=True)
    found = checkpoints.load(short.folder)
    assert (found.stage, found.step) == ("few", 3)
    assert [key for key in losses(short.folder) if key[0] == "few"] == [
        ("few", n) for n in range(3)
    ]
    changed = {k.split(".")[0] for k, v in found.part("model").items() if not v.equal(codes[k])}
    assert changed == {"unet"}
    rows = [json.loads(line) for line in (short.folder / "log.jsonl").read_text().splitlines()]
    assert {"valid_si_snr_db", "valid_mel"} <= rows[-1].keys()
    with pytest.raises(TrainingError, match="other settings"):  # what is done stays as it was
        train(make("run", "diffusion_stage.steps=2", "few_stage.steps=3"), resume=True)


def test_a_missing_or_damaged_checkpoint_is_named(make: Make) -> None:
    run = make("run")
    with pytest.raises(CheckpointError, match="holds no"):
        train(run, resume=True)
    train(run)
    path = run.folder / checkpoints.NAME
    whole = path.read_bytes()
    for damaged in (b"", whole[:4], whole[: len(whole) // 2], whole[:-1], b"x" * 100):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="not a complete checkpoint"):
            train(run, resume=True)


def test_a_loss_that_is_no_number_ends_the_run(make: Make) -> None:
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(make("run", "codes_stage.learning_rate=1e30"))


def test_a_batch_that_cannot_be_shared_is_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OfTwo(Fabric):
        world_size = 2

    monkeypatch.setattr(loop, "launched", lambda: OfTwo(accelerator="cpu", devices=1))
    with pytest.raises(TrainingError, match="batch of 3 cannot be divided evenly among 2"):
        train(make("run", "codes_stage.batch=3"))


def test_learning_lowers_the_loss(make: Make, micro: tuple[str, ...], losses: Losses) -> None:
    stage = Schedule(steps=60, settle=60, batch=4, samples=4096, learning_rate=3e-3, ema=0.9)
    preset = load_preset("tiny", [*micro, "diffusion_stage.steps=0", "joint_stage.steps=0"])
    run = make("run", config=dataclasses.replace(preset, codes_stage=stage))
    train(run)
    found = [loss for (name, _), loss in losses(run.folder).items() if name == "codes"]
    assert np.mean(found[-10:]) < np.mean(found[:10]) - 0.1


def test_the_papers_preset_builds_and_takes_one_step() -> None:
    config = load_preset("paper", ["diffusion_stage.batch=2", "diffusion_stage.samples=4096"])
    model = Model(config)
    (stage,) = stages_of(config)
    audio = torch.randn(2, 1, 4096) * 0.1
    batch = draw(audio, config, 0, 2, 0)
    outputs = Network(model, stage)(batch.audio, batch.mu, batch.sigma, batch.noise, batch.path)
    loss = velocity_loss(outputs)["velocity"]
    loss.backward()
    assert stage.name == "diffusion"
    assert torch.isfinite(loss)
    gradient = dict(model.encoder.named_parameters())["layers.0.convolution.bias"].grad
    assert gradient is not None
    assert gradient.any()


def test_the_spectral_preset_learns_and_its_code_is_whole_numbers(
    make: Make, losses: Losses
) -> None:
    small = ("channels=8", "above=4", "dilations=[1]")
    changes = [f"{trunk}.{change}" for trunk in ("encoder", "waveform") for change in small]
    preset = load_preset("spectral", [*changes, "code.latent=12", "code.units=8", "code.groups=2"])
    stage = Schedule(steps=40, settle=30, batch=4, samples=8192, learning_rate=1e-2, ema=0.9)
    run = make("run", config=dataclasses.replace(preset, codes_stage=stage))
    train(run)
    found = list(losses(run.folder).values())
    assert np.mean(found[-10:]) < np.mean(found[:10]) - 0.1
    model = Model(run.config)
    model.load_state_dict(checkpoints.load(run.folder).part("model"))
    audio = 0.1 * torch.randn(1, 1, 8192)
    coded = model.eval().code(audio, torch.zeros(1, dtype=torch.int64))
    torch.testing.assert_close(coded.heard, model.hear(coded.events, torch.zeros(1)))


def test_ctrl_c_saves_the_step_and_the_run_goes_on_as_if_nothing_had_been(
    make: Make, losses: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make("whole")
    train(whole)
    stopped = Run(whole.config, whole.folder.with_name("stopped"), whole.data, whole.music)
    write = journal.Journal.write

    def interrupted(self: journal.Journal, stage: Stage, step: int, figures: object) -> None:
        write(self, stage, step, figures)  # type: ignore[arg-type]
        if (stage.name, step) == ("codes", 1):
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(journal.Journal, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
    kept = checkpoints.load(stopped.folder)
    assert (kept.stage, kept.step) == ("codes", 2)
    train(stopped, resume=True)
    assert losses(stopped.folder) == losses(whole.folder)
