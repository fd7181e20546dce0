"""The first signal is a wish, the second ends the process; from Python nothing changes unasked."""

import os
import signal
import sys
import threading

import pytest

from seqgan import interrupt
from seqgan.cli.main import main
from seqgan.interrupt import Interrupted, Stop, interruptible

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def handlers_as_before():
    before = {number: signal.getsignal(number) for number in (*interrupt.SIGNALS, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_loop_is_told_and_leaves_where_it_wants(number, code):
    done = []

    def loop():
        with interruptible("Go on so") as stop:
            while not stop.asked():
                done.append(True)
                if len(done) == 3:
                    os.kill(os.getpid(), number)
            stop.leave("Saved.")

    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=r"Saved\. Go on so") as left:
        loop()
    assert len(done) == 3
    assert left.value.exit_code == code
    assert signal.getsignal(number) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_loop_that_reaches_no_safe_place_is_left(monkeypatch):
    def loop():
        with interruptible():
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                pass

    monkeypatch.setattr(interrupt, "GRACE_SECONDS", 0.05)
    with pytest.raises(Interrupted, match="is done again"):
        loop()


def test_a_signal_after_the_last_safe_place_is_not_forgotten():
    with pytest.raises(Interrupted, match="come to its end"), interruptible():
        os.kill(os.getpid(), signal.SIGINT)


def test_a_second_signal_ends_the_process_at_once():
    child = os.fork()
    if not child:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM


def test_what_is_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interruptible() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.asked()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_without_a_signal_and_in_another_thread_nothing_happens():
    seen = []

    def elsewhere():
        with interruptible() as stop:
            seen.append((stop.asked(), signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
    signal.setitimer(signal.ITIMER_REAL, 100)  # somebody else's alarm is left alone
    with interruptible() as stop:
        assert not stop.asked()
    assert signal.setitimer(signal.ITIMER_REAL, 0)[0] > 90
    assert not Stop().asked()


def test_other_commands_leave_at_once_with_the_signals_code(monkeypatch, capsys):
    def called(_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("seqgan.cli.inspect.main", called)
    assert main(["inspect"]) == 143
    assert capsys.readouterr().err == "\nseqgan: interrupted.\n"
