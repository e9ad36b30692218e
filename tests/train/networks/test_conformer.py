import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.config import Conformer as Config
from train.networks.conformer import Conformer, reach_frames

CHANNELS = 8
CONFIG = Config(layers=2, heads=2, kernel=5, reach=3)
CONFIGS = st.builds(
    Config,
    layers=st.integers(1, 2),
    heads=st.sampled_from([1, 2, 4]),
    kernel=st.sampled_from([1, 3, 5]),
    reach=st.integers(0, 6),
)


def conformer(config: Config, seed: int = 0) -> Conformer:
    """A stack in which no weight is one of the zeros of the start."""
    torch.manual_seed(seed)
    network = Conformer(CHANNELS, config).eval()
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return network


def test_it_begins_as_nothing() -> None:
    network, signal = Conformer(CHANNELS, CONFIG), torch.randn(2, CHANNELS, 20)
    torch.testing.assert_close(network(signal), signal)


@given(CONFIGS, st.integers(0, 10**6), st.integers(0, 40))
@settings(max_examples=30)
def test_a_change_is_not_heard_beyond_the_reach(config: Config, seed: int, changed: int) -> None:
    network, signal = conformer(config, seed), torch.randn(1, CHANNELS, 41)
    other = signal.clone()
    other[..., changed] += 3 * torch.randn(CHANNELS)
    with torch.no_grad():
        heard = (network(signal) != network(other)).any(1)[0].nonzero().flatten()
    assert (heard - changed).abs().max() <= reach_frames(config)


@given(CONFIGS)
@settings(max_examples=20)
def test_the_reach_is_not_overstated(config: Config) -> None:
    reach = reach_frames(config)
    signal = torch.randn(1, CHANNELS, 2 * reach + 3, requires_grad=True)
    weights = torch.randn(CHANNELS)
    (conformer(config)(signal)[0, :, reach + 1] * weights).sum().backward()
    assert signal.grad is not None
    heard = signal.grad[0].abs().sum(0).nonzero().flatten()
    assert (heard.min().item(), heard.max().item()) == (1, 2 * reach + 1)


@given(CONFIGS, st.integers(1, 3), st.integers(1, 50))
@settings(max_examples=20)
def test_any_length_is_kept(config: Config, batch: int, frames: int) -> None:
    result = conformer(config)(torch.randn(batch, CHANNELS, frames))
    assert result.shape == (batch, CHANNELS, frames)
    assert result.dtype == torch.float32
    assert torch.isfinite(result).all()


@given(st.integers(0, 10**6), st.integers(1, 30))
@settings(max_examples=20)
def test_a_piece_with_its_context_is_as_the_whole(seed: int, frames: int) -> None:
    """Frames know of each other's distance, not of their place."""
    reach = reach_frames(CONFIG)
    network, signal = conformer(CONFIG, seed), torch.randn(1, CHANNELS, 2 * reach + 40)
    start = seed % (41 - frames)
    with torch.no_grad():
        whole = network(signal)[..., reach + start : reach + start + frames]
        piece = network(signal[..., start : start + frames + 2 * reach])[..., reach:-reach]
    torch.testing.assert_close(piece, whole, atol=1e-5, rtol=1e-4)


@given(st.booleans())
@settings(max_examples=2)
def test_clips_do_not_hear_each_other(training: bool) -> None:
    network = conformer(CONFIG).train(training)
    signal = torch.randn(3, CHANNELS, 20, requires_grad=True)
    network(signal)[1].sum().backward()
    assert signal.grad is not None
    assert signal.grad[[0, 2]].abs().max() == 0
    alone = network(signal[1:2])
    torch.testing.assert_close(alone, network(signal)[1:2], atol=1e-5, rtol=1e-4)


def test_training_and_evaluation_are_one() -> None:
    network, signal = conformer(CONFIG), torch.randn(2, CHANNELS, 20)
    assert torch.equal(network.train()(signal), network.eval()(signal))


def test_every_weight_learns() -> None:
    network = conformer(CONFIG)
    (network(torch.randn(2, CHANNELS, 20)) * torch.randn(2, CHANNELS, 20)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0, name


def test_one_graph_serves_every_length() -> None:
    network = conformer(CONFIG)
    signal = torch.randn(1, CHANNELS, 24)
    graph = torch.export.export(
        network, (signal,), dynamic_shapes={"signal": {2: torch.export.Dim("frames", min=2)}}
    )
    values = [node.meta.get("val") for node in graph.graph.nodes]
    kinds = {value.dtype for value in values if isinstance(value, torch.Tensor)}
    assert torch.float64 not in kinds
    for frames in (2, 11, 100):
        other = torch.randn(1, CHANNELS, frames)
        torch.testing.assert_close(graph.module()(other), network(other), atol=1e-5, rtol=1e-4)


def test_mixed_precision_stays_near() -> None:
    network, signal = conformer(CONFIG), torch.randn(1, CHANNELS, 30)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(signal)
    torch.testing.assert_close(mixed.float(), network(signal), atol=0.15, rtol=0.05)
