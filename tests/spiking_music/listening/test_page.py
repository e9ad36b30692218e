import base64
import html
import io
import json
import re

import numpy as np
import pytest
import soundfile

from runtime.errors import ListeningError
from spiking_music.listening.page import Words, page
from spiking_music.listening.trials import Trial


def embedded(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="test">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_holds_every_sound(trials: list[Trial]) -> None:
    for trial, written in zip(trials, embedded(page(trials, Words()))["trials"], strict=True):
        assert written["clip"] == trial.clip
        for name, sound in trial.sounds.items():
            file = io.BytesIO(base64.b64decode(written["sounds"][name]))
            assert np.abs(soundfile.read(file)[0] - sound).max() <= 2**-15


def test_the_page_needs_nothing_else(trials: list[Trial]) -> None:
    text = page(trials, Words())
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert not re.findall(r"https?://|url\(|@import", text)
    assert "connect-src 'none'" in html.unescape(text)


def test_words_cannot_break_out_of_the_page(trials: list[Trial]) -> None:
    named = [Trial("</script><b>", trials[0].sounds)]
    text = page(named, Words("<i>&"))
    assert embedded(text)["trials"][0]["clip"] == "</script><b>"
    assert "<title>&lt;i&gt;&amp;</title>" in text
    assert "</script><b>" not in text


def test_the_page_may_talk_to_its_address_alone(trials: list[Trial]) -> None:
    text = page(trials, Words(post="https://lab.example:8443/results?a=1"))
    assert 'connect-src https://lab.example:8443"' in text


@pytest.mark.parametrize(
    "post", ["", "lab.example", "file:///x", "https://", "http://a;b", "http://a b"]
)
def test_what_is_no_address_is_refused(trials: list[Trial], post: str) -> None:
    with pytest.raises(ListeningError, match="is not an address"):
        page(trials, Words(post=post))
