"""Commands of a shell session as processes that have everything imported already: forked, where a start takes seconds.

`python forked.py PLACE MODULE ...` imports the modules, says that it is ready, and listens. The programs that
`session` lays into a folder, `seqgan` and `python`, hand it their arguments, folder, environment and open files, and
end as what was forked for them ends.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    request = [os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)]
    server.sendall(json.dumps(request).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(16) or 1))
"""


@contextmanager
def session(folder, path, modules):
    """Yields a folder for the front of PATH, in which `seqgan`, `python` and `python3` are forked.

    Args:
        folder: an empty one; its name may not be long, as a socket is in it.
        path: of packages, as PYTHONPATH has it.
        modules: what is imported before anything is forked.
    """
    place = str(Path(folder) / "s")
    programs = Path(folder) / "programs"
    programs.mkdir()
    for name in ("seqgan", "python", "python3"):
        (programs / name).write_text(CLIENT.format(python=sys.executable, place=place))
        (programs / name).chmod(0o755)
    command = [sys.executable, __file__, place, *modules]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    # A group of its own, so that what was forked ends with it.
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True) as server:
        try:
            assert server.stdout.readline() == b"ready\n"
            yield programs
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def serve(place, modules):
    """Fork a process for each that connects, until this one is killed. In those that were forked it returns."""
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # or what is collected in a forked one copies the memory of all that was imported
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how those ended that wait for a command
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            return begin(connection)
        connection.close()


def begin(connection):
    """Fork once more, and tell how that one ended. What is to be done comes back in the forked one alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    request = b"".join(iter(lambda: connection.recv(65536), b""))
    worker = os.fork()
    if worker:
        for number in files:
            os.close(number)
        _, status = os.waitpid(worker, 0)
        code = os.waitstatus_to_exitcode(status)
        connection.sendall(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)
    connection.close()
    for place, number in enumerate(files):
        os.dup2(number, place)
        os.close(number)
    # Those of before remember what kind of file they had.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    return json.loads(request)


def work(program, arguments, folder, environment):
    """What `seqgan`, `python FILE` or `python -c PROGRAM` does."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if program == "seqgan":
        sys.argv = ["seqgan", *arguments]
        runpy.run_module("seqgan", run_name="__main__")
    elif arguments[0] == "-c":
        sys.argv = arguments[:1] + arguments[2:]
        sys.path.insert(0, "")
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(arguments[0]).parent))
        runpy.run_path(arguments[0], run_name="__main__")


def exit_code_of(request):
    """Work, and what Python makes of how that ends."""
    try:
        work(*request)
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        print(left.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    code = exit_code_of(serve(sys.argv[1], sys.argv[2:]))
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Python itself would take all that was imported apart, which is half a second
