from benchmarks.analysis import measure


def test_the_measured_music_is_as_long_and_as_busy_as_asked_for() -> None:
    found = measure(0.1, lambda share: None)
    assert found["hours"] == 0.1
    assert 3000 < found["onsets"] < 4000
    assert found["counting_s"] > 0
