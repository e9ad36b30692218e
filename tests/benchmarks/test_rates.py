import numpy as np

from benchmarks.rates import measured
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.costs import paper_bits
from runtime.metrics import si_snr
from train.data.clips import Clip


def test_a_point_is_the_cost_and_quality_of_what_is_coded(noiseless_bundle: Bundle) -> None:
    codec = Codec(noiseless_bundle)
    samples = np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32)
    events = codec.encode(samples)
    bits = paper_bits(events.units, events.frames, events.count)
    point = measured(codec, Clip("noise", samples), None)
    assert point.kbps == bits / (9000 / 22_050) / 1000
    assert point.si_snr == si_snr(samples, codec.decode(events, 9000))
