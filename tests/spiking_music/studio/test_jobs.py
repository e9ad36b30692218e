from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.bundle import Bundle
from runtime.codec import Codec
from spiking_music.studio.jobs import Cancelled, Job
from spiking_music.studio.session import Session
from spiking_music.studio.work import change, take_in


def test_a_job_tells_how_far_it_is_until_it_is_cancelled() -> None:
    job = Job()
    tell = job.begin("encode")
    tell(0.5)
    assert (job.stage, job.share) == ("encode", 0.5)
    job.cancel()
    with pytest.raises(Cancelled):
        tell(0.6)
    with pytest.raises(Cancelled):
        job.begin("decode")
    assert (job.stage, job.share) == ("encode", 0.5)


def test_a_job_that_was_replaced_has_no_more_say() -> None:
    session = Session()
    old = session.begin()
    new = session.begin()
    with pytest.raises(Cancelled):
        old.begin("decode")
    session.update(old, mu=3)
    session.end(old, "too late")
    assert (session.state.mu, session.state.error, session.job) == (None, None, new)
    session.update(new, mu=4)
    session.end(new, "no")
    assert (session.state.mu, session.state.error, session.job) == (4, "no", None)


def test_what_was_read_but_not_encoded_is_encoded_by_the_next_wish(
    toy_bundle: Bundle, wav: bytes, other_wav: bytes, tmp_path: Path
) -> None:
    codec, session = Codec(toy_bundle), Session()
    for name, content in (("first", wav), ("second", other_wav)):
        file = tmp_path / name
        file.write_bytes(content)
        job = session.begin()
        if name == "second":  # and is cancelled as soon as it is read
            session.update = cancelling(session, job)  # type: ignore[method-assign]
            with pytest.raises(Cancelled):
                take_in(codec, session, job, file, name, 9.0)
            del session.update
        else:
            take_in(codec, session, job, file, name, 9.0)
    assert session.state.piece is not None
    assert session.state.piece.name == "second"
    change(codec, session, session.begin(), None, frozenset())
    expected = codec.encode(session.state.piece.samples, 22050).events.bits
    assert (session.state.bits == expected).all()


def cancelling(session: Session, job: Job) -> Callable[..., None]:
    def update(of: Job, **changes: Any) -> None:
        Session.update(session, of, **changes)
        job.cancel()

    return update


def test_a_new_job_forgets_the_error_of_the_last() -> None:
    session = Session()
    session.end(session.begin(), "no")
    session.begin()
    assert session.state.error is None
