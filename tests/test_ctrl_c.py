"""Ctrl-C in a test ends the session of tests; a signal that a test sends itself does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

CONFTEST = """
from support.interruption import Interruption

def pytest_configure(config):
    config.pluginmanager.register(Interruption())
"""
TESTS = """
import os, signal, subprocess, time

def test_that_takes_the_signal_for_itself():
    try:
        {send}
        time.sleep(20)
    except KeyboardInterrupt:
        pass

def test_after_it():
    print("went on")
"""
FROM_OUTSIDE = 'subprocess.run(["kill", "-INT", str(os.getpid())])'
BY_ITSELF = "os.kill(os.getpid(), signal.SIGINT)"
BY_A_CHILD_TO_ITSELF = """
        child = os.fork()
        if not child:
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        raise KeyboardInterrupt
"""


@pytest.mark.parametrize(
    ("send", "code"), [(FROM_OUTSIDE, 2), (BY_ITSELF, 0), (BY_A_CHILD_TO_ITSELF, 0)], ids=["outside", "own", "child"]
)
def test_the_session_ends_where_the_signal_came_from_outside(tmp_path, send, code):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_signals.py").write_text(TESTS.format(send=send.strip()))
    # Without plugins that this session has: they load for longer than the tests run.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_PLUGINS", None)
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "test_signals.py"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ("went on" in ended.stdout) == (code == 0)
    assert ("KeyboardInterrupt" in ended.stdout) == (code == 2)
