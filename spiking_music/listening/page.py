"""The test as one HTML file that includes everything, so that it opens from anywhere."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import jinja2

from runtime.audio.flac import flac
from runtime.audio.samples import Samples
from runtime.errors import ListeningError
from spiking_music.listening.conditions import REFERENCE
from spiking_music.listening.trials import Trial, identity
from train.config import SAMPLE_RATE

_PARTS = Path(__file__).with_name("parts")
PLAYER = _PARTS / "player.js"
# In the order of their dependencies.
SCRIPTS = (
    "random.js",
    "player.js",
    "store.js",
    "timeline.js",
    "rating.js",
    "keys.js",
    "results.js",
    "main.js",
)


@dataclass(frozen=True)
class Words:
    """The page's variable text: a `title`, and the address to `post` results to."""

    title: str = "Listening test"
    post: str | None = None


def page(trials: Sequence[Trial], words: Words) -> str:
    """Return the page; raises `ListeningError` for an address that is not http or https."""
    if words.post is not None and not _is_web(words.post):
        raise ListeningError(
            f"{words.post}: is not an address; give one like https://example.org/results"
        )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PARTS),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        title=words.title,
        # The page's security policy lets the browser contact this address and no other.
        connect=_origin(words.post) if words.post else "'none'",
        style=_part("page.css"),
        script="\n".join(_part(name) for name in SCRIPTS),
        test=_embedded(_test(trials, words)),
    )


def _test(trials: Sequence[Trial], words: Words) -> dict[str, object]:
    return {
        "id": identity(trials),
        "title": words.title,
        "post": words.post,
        "reference": REFERENCE,
        "trials": [
            {"clip": trial.clip, "sounds": {n: _flac(s) for n, s in trial.sounds.items()}}
            for trial in trials
        ],
    }


def _embedded(value: object) -> str:
    # `</script>` in a name would close the script element.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _flac(samples: Samples) -> str:
    return base64.b64encode(flac(samples, SAMPLE_RATE)).decode("ascii")


def _is_web(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[\w.:\[\]-]+", parts.netloc))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
