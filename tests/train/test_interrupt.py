import os
import signal

import pytest

from train.interrupt import interruptible


def test_the_first_ctrl_c_asks_and_the_second_ends() -> None:
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        with interruptible(alone=True) as interrupt:
            assert not interrupt.asked
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupt.asked
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert signal.getsignal(signal.SIGINT) is before


def test_one_of_several_is_not_held_up() -> None:
    def once() -> None:
        with interruptible(alone=False):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        once()
