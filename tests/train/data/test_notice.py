import pytest

from train.data.notice import tell_once


def test_a_line_is_told_once_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("a.wav: short", "b.wav: short", "a.wav: short"):
        tell_once(line)
    told = capsys.readouterr()
    assert told.err == "note: a.wav: short\nnote: b.wav: short\n"
    assert not told.out
