import pytest

from studio.jobs import Cancelled, Job
from studio.session import Session


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


def test_a_new_job_forgets_the_error_of_the_last() -> None:
    session = Session()
    session.end(session.begin(), "no")
    session.begin()
    assert session.state.error is None
