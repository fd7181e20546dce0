"""The first signal is a wish, the second ends the process; from Python nothing changes unasked."""

import ctypes
import os
import signal
import sys
import threading
import time

import pytest

from seqgan import interrupt
from seqgan.cli.main import main
from seqgan.errors import LostProcessError
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


def deaf():
    """Wait for ever in a step of the library, between whose parts Python calls no handler."""
    mutex = ctypes.create_string_buffer(256)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)


@pytest.mark.parametrize("signals", [1, 2])
def test_one_of_several_processes_that_hears_nothing_is_ended(monkeypatch, capfd, signals):
    monkeypatch.setattr(interrupt, "launched", lambda: 2)
    monkeypatch.setattr(interrupt, "AT_ONCE_SECONDS", 0.05)
    monkeypatch.setattr(interrupt, "GRACE_SECONDS", 0.05 if signals == 1 else 1000)
    monkeypatch.setattr(interrupt, "GUARD_SECONDS", 0.05)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with interruptible("Go on so"):
            os.write(write, b"ready")
            deaf()
    os.read(read, 5)
    time.sleep(0.5)  # from saying so to being deaf
    for number in (signal.SIGTERM, signal.SIGINT)[:signals]:
        os.kill(child, number)
        time.sleep(0.2 if signals == 2 else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if signals == 2 and code == -signal.SIGINT:
        return  # the first one came before it was deaf: then the system ends it at the second
    assert code == (143 if signals == 1 else 130)
    assert capfd.readouterr().err == (
        "\nseqgan: interrupted. What was not finished since the last training state is done again. Go on so\n"
    )


def test_what_saves_is_given_its_time(monkeypatch):
    monkeypatch.setattr(interrupt, "launched", lambda: 2)
    monkeypatch.setattr(interrupt, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(interrupt, "GUARD_SECONDS", 0.05)
    before, threads = signal.set_wakeup_fd(-1), threading.active_count()

    def loop():
        with interruptible() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.asked()
            stop.take_time()
            time.sleep(0.3)
            stop.leave("Saved.")

    with pytest.raises(Interrupted, match=r"Saved\."):
        loop()
    assert signal.set_wakeup_fd(before) == -1
    assert threading.active_count() == threads


@pytest.mark.parametrize("signalled", [False, True])
def test_who_loses_another_process_after_a_signal_was_interrupted(signalled):
    def loop():
        with interruptible("Go on so"):
            if signalled:
                os.kill(os.getpid(), signal.SIGTERM)
            raise LostProcessError("Another one has ended.")

    with pytest.raises(Interrupted if signalled else LostProcessError) as left:
        loop()
    if signalled:
        assert left.value.exit_code == 143
        assert "is done again. Go on so" in str(left.value)


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
