import io

from seqgan import progress as module
from seqgan.progress import SILENT, Progress


def test_nothing_is_printed_for_short_work_or_in_silence(capsys):
    stream = io.StringIO()
    for progress in (Progress(stream), SILENT):
        with progress.bar("work", 3) as advance:
            advance(3)
    SILENT.note("hidden")
    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_long_work_prints_plain_lines_with_rate_and_remaining_time(monkeypatch):
    now = iter([0.0, 1.0, 4.0, 5.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    stream = io.StringIO()
    with Progress(stream).bar("work", 200) as advance:
        advance(10)  # after one second: too early to speak
        advance(30)  # after four
        advance(1)  # after five: too soon again
    assert stream.getvalue() == "work: 40 of 200, 10/s, 0:00:16 left\n"


def test_weeks_of_work_print_few_lines(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with Progress(stream).bar("work", 1_000_000) as advance:
        for _ in range(1_000_000):
            now[0] += 1
            advance(1)
    # One each 15 s up to 300 s, then each by a twentieth later than the one before: log(1e6 / 300) / log(1.05) = 166.
    assert 180 < stream.getvalue().count("\n") < 195


def test_control_characters_are_shown_and_not_obeyed():
    stream = io.StringIO()
    Progress(stream).note("a\x1b[2Jb\nc")
    assert stream.getvalue() == "a\\x1b[2Jb\\nc\n"


def test_what_has_no_known_end_is_counted(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with Progress(stream).bar("Lines judged", None) as advance:
        now[0] = 4.0
        advance(400)
    assert stream.getvalue() == "Lines judged: 400, 100/s\n"
