"""The codec that encodes with an effort."""

from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.kinds import BEST


def codec_of(bundle: Bundle, effort: str | None) -> tuple[Codec, str | None]:
    """Return the codec of a bundle, and the effort that is left to ask of it.

    A search (`best`) needs torch, which other efforts do without. Raises `SpikingMusicError` for a
    bundle that has no search.
    """
    if effort != BEST:
        return Codec(bundle), effort
    from train.turning import turning_codec

    return turning_codec(bundle), None
