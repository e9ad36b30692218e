"""Recognise formats that libsndfile cannot read by their first bytes, and suggest a command."""

import shlex
from pathlib import Path

# Offset of the signature in bytes, the signature, and the name of the format.
_SIGNS = (
    (4, b"ftyp", "an MP4 or M4A"),
    (0, b"\x30\x26\xb2\x75", "a WMA"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM"),
    (0, b"\xff\xf1", "an AAC"),
    (0, b"\xff\xf9", "an AAC"),
    (0, b"\x0b\x77", "an AC-3"),
    (0, b"wvpk", "a WavPack"),
    (0, b"TTA1", "a True Audio"),
    (0, b"MAC ", "a Monkey's Audio"),
    (0, b"#!AMR", "an AMR"),
    (0, b"DSD ", "a DSD"),
    (0, b"RIFF", "a RIFF of another kind"),
    (0, b"FORM", "an IFF of another kind"),
    (0, b"OggS", "an Ogg of another kind"),
)
HEAD = 12  # bytes that suffice to recognise a format


def kind_of(head: bytes) -> str | None:
    """Return the format that begins with these bytes, with its article; None if it is unknown."""
    found = (kind for at, sign, kind in _SIGNS if head[at : at + len(sign)] == sign)
    return next(found, None)


def way_around(path: Path | None) -> str:
    """Return a command that converts the file with ffmpeg and encodes it.

    `path` is None for a pipe.
    """
    source = "-" if path is None else shlex.quote(str(path))
    out = "OUT.spk" if path is None else shlex.quote(f"{path.stem}.spk")
    return f"ffmpeg -i {source} -f wav - | spiking-music encode - {out}"
