"""What a trained lapped model is once it ships: the nets as ONNX, and sound through them."""

import hashlib

import numpy as np
import pytest
import torch

from export.lapped import write_model
from runtime.bundle import DIFFUSION, ENVELOPE, Bundle, Decoder, Manifest
from runtime.decoders.samplers import DDIM, sampled
from runtime.kinds import CERTIFIED, EFFORTS
from runtime.lapped.decoder import LappedDecoder, Plain
from runtime.lapped.encoder import LappedEncoder
from runtime.lapped.model import CHUNK_FRAMES, LappedModel, step_of
from runtime.lapped.sampling import VELOCITY_INPUTS
from runtime.lapped.short import BINS as BINS_OF_SHORT
from runtime.lapped.short import FEATURES, PATCHES
from runtime.metrics import si_snr
from runtime.piece import Chunk
from runtime.playback import UNSAID, Playback
from runtime.thermometer import levels_of
from train.config import read_preset
from train.lapped.config import lapped_config
from train.lapped.diffusion import Velocity
from train.lapped.losses import heard, moved
from train.lapped.model import Model, crop
from train.lapped.objectives import count

HOP, BINS, RATE, STEP = 2048, 192, 22050, 480


@pytest.fixture(scope="module")
def trained() -> Model:
    tree = read_preset("lapped") | {"bins": BINS}
    torch.manual_seed(0)
    model = Model(lapped_config(tree | {name: 4 for name in WIDTHS}))
    torch.manual_seed(1)
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    return model.requires_grad_(False)


WIDTHS = (
    "mover_width",
    "rate_width",
    "refiner_width",
    "noise_width",
    "envelope_width",
    "velocity_width",
)


@pytest.fixture(scope="module")
def shipped(trained: Model, tmp_path_factory: pytest.TempPathFactory) -> LappedModel:
    folder = tmp_path_factory.mktemp("lapped")
    write_model(trained, folder)
    files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}
    how = Decoder("listening", 1, 0.0, (), 4)
    units = 2 * BINS * 64
    manifest = Manifest(
        *("lapped", "LAPPED", units, 2 * HOP, HOP, RATE, CHUNK_FRAMES, 4, 8, how, "", ""),
        *({}, {}, {}, files),
    )
    return LappedModel(Bundle(folder, manifest))


def waveform(model: LappedModel) -> LappedDecoder:
    return LappedDecoder(model, Plain(model, listening=False))


def encoded(
    model: LappedModel, blocks: list[np.ndarray], step: int = STEP, effort: str = CERTIFIED
) -> list[Chunk]:
    return list(LappedEncoder(model).chunks(blocks, lambda section, before: step, effort))


def tones(samples: int) -> np.ndarray:
    time = np.arange(samples) / RATE
    rng = np.random.default_rng(samples)
    hertz = rng.uniform(100, 900, (6, 1))
    sound = 0.1 * np.sin(2 * np.pi * hertz * time).sum(0) * np.exp(-(time % 0.4) * 5)
    return (sound + 0.0002 * rng.standard_normal(samples)).astype(np.float32)


def test_what_ships_is_what_was_trained(trained: Model, shipped: LappedModel) -> None:
    sound = tones(20 * HOP)
    own = crop(sound, 0.0, trained.chip())
    step = step_of(STEP)
    heard_there = type(own)(sound, own.coefficients, own.accumulator, own.exponent, step)
    (chunk,) = encoded(shipped, [sound])
    q = levels_of(chunk.events, BINS)
    assert (q == heard_there.levels(trained.chip())[0].numpy()).all()
    assert q.any()
    decoded, features = heard(trained, heard_there, heard_there.levels(trained.chip()))
    (found,) = waveform(shipped).decoded([chunk], 0, 0, UNSAID)
    np.testing.assert_allclose(found, decoded[0].numpy(), atol=5e-4)
    steps = np.full(len(q), step, np.float32)
    levels = shipped.noise_levels(shipped.unrefined(q, steps), steps)
    np.testing.assert_allclose(levels, trained.noise(features)[0].numpy(), atol=1e-3)
    (better,) = encoded(shipped, [sound], effort=EFFORTS[1])
    size = heard_there.sizes(trained.scale, HOP)
    wanted = count(size, moved(trained, size))[0].numpy()
    size = np.abs(levels_of(better.events, BINS))
    assert (size != wanted).mean() < 0.01  # the net is shown what fires, and near it


@pytest.mark.parametrize("samples", [1, HOP, 64 * HOP, 64 * HOP + 1, 130 * HOP + 77])
@pytest.mark.parametrize("effort", EFFORTS)
def test_blocks_of_any_size_give_the_same(shipped: LappedModel, samples: int, effort: str) -> None:
    sound = tones(samples)
    whole = encoded(shipped, [sound], effort=effort)
    parts = encoded(shipped, np.array_split(sound, 7), effort=effort)
    assert sum(chunk.events.frames for chunk in whole) == -(-samples // HOP) + 1
    assert len(whole) == len(parts) == -(-samples // (64 * HOP))
    for one, other in zip(whole, parts, strict=True):
        assert (levels_of(one.events, BINS) == levels_of(other.events, BINS)).all()
        assert (one.corrections == other.corrections).all()
        assert one.mu == other.mu


@pytest.mark.parametrize("listening", [True, False])
def test_a_part_sounds_as_in_the_whole(shipped: LappedModel, listening: bool) -> None:
    sound = tones(130 * HOP + 77)
    chunks = encoded(shipped, [sound])
    decoder = LappedDecoder(shipped, Plain(shipped, listening))
    whole = np.concatenate(list(decoder.decoded(chunks, 0, 0, Playback(seed=7))))
    assert len(whole) == 131 * HOP
    assert si_snr(sound, whole[: len(sound)]) > (3 if listening else 6)
    for first in (0, 1, 70, 128, 130):
        begin = decoder.start(first) // CHUNK_FRAMES
        part = decoder.decoded(chunks[begin:], begin * CHUNK_FRAMES, first, Playback(seed=7))
        np.testing.assert_array_equal(np.concatenate(list(part)), whole[first * HOP :])


def test_silence_is_silent(shipped: LappedModel) -> None:
    (chunk,) = encoded(shipped, [np.zeros(1000, np.float32)])
    assert not chunk.events.count
    (found,) = waveform(shipped).decoded([chunk], 0, 0, UNSAID)
    assert not found.any()


def test_a_step_too_fine_for_so_loud_a_sound_becomes_the_finest(shipped: LappedModel) -> None:
    loud = tones(5 * HOP) * 3
    (chunk,) = encoded(shipped, [loud], 0)
    assert chunk.mu > 0
    (found,) = waveform(shipped).decoded([chunk], 0, 0, UNSAID)
    assert si_snr(loud, found) > 15


@pytest.mark.parametrize("frames", [2, 31, 257])
def test_the_diffusion_that_ships_is_what_was_trained(
    trained: Model, shipped: LappedModel, frames: int
) -> None:
    random = torch.Generator().manual_seed(frames)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random)

    bundle = shipped._bundle
    features, sample = drawn(1, FEATURES, frames, PATCHES), drawn(1, frames, BINS_OF_SHORT)
    levels, context = trained.envelope(features)
    graph = bundle.graph(ENVELOPE, {"features"}, {"levels", "context"})
    found = graph({"features": features.numpy()})
    np.testing.assert_allclose(found["levels"], levels.numpy(), atol=1e-5)
    np.testing.assert_allclose(found["context"], context.numpy(), atol=1e-5)
    velocity = bundle.graph(DIFFUSION, VELOCITY_INPUTS, {"velocity"})
    for sigma, stride in ((1.0, 1.0), (0.25, 0.25)):
        inputs = (sample, torch.tensor([sigma]), torch.tensor([stride]), context)
        feed = zip(("sample", "sigma", "stride", "context"), inputs, strict=True)
        made = velocity({name: value.numpy() for name, value in feed})["velocity"]
        np.testing.assert_allclose(made, trained.velocity(*inputs).numpy(), atol=1e-5)


def test_an_untrained_diffusion_is_noise_at_the_foretold_levels() -> None:
    torch.manual_seed(0)
    network, noise = Velocity(4, 6), torch.randn(1, 12, BINS_OF_SHORT)
    context = torch.randn(1, 6, 12, PATCHES)
    for steps in (1, 2, 4, 8):

        def velocity(sample: np.ndarray, sigma: float, stride: float = 1 / steps) -> np.ndarray:
            inputs = (torch.from_numpy(sample), torch.tensor([sigma]), torch.tensor([stride]))
            return network(*inputs, context).detach().numpy()

        found = sampled(DDIM(steps), velocity, noise.numpy())
        np.testing.assert_allclose(found, noise.numpy(), atol=1e-5)
