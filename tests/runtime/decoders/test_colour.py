import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.decoders.colour import coloured, gains, whitened

spectra = st.lists(st.floats(-40, 20), min_size=2, max_size=20)


@given(spectra, st.integers(64, 5000), st.integers(0, 1000))
@settings(max_examples=50)
def test_whitening_undoes_colouring(spectrum: list[float], samples: int, seed: int) -> None:
    signal = np.random.default_rng(seed).standard_normal(samples).astype(np.float32)
    back = whitened(coloured(signal, spectrum, 22_050), spectrum, 22_050)
    np.testing.assert_allclose(back, signal, atol=2e-3)


def test_no_spectrum_changes_nothing() -> None:
    signal = np.random.default_rng(0).standard_normal(999).astype(np.float32)
    np.testing.assert_allclose(coloured(signal, [], 22_050), signal, atol=1e-6)


@given(spectra)
def test_the_ends_of_a_spectrum_are_at_32_hz_and_at_half_the_rate(spectrum: list[float]) -> None:
    factor = 20 * np.log10(gains(tuple(spectrum), 22_050, 22_050))
    np.testing.assert_allclose(factor[:33], spectrum[0], atol=1e-4)
    np.testing.assert_allclose(factor[-1], spectrum[-1], atol=1e-4)
