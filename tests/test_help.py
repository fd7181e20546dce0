"""What help shows: settings that people use with the algorithm's own, or all that it reads, and none of another's."""

import contextlib
import io
import re

import pytest

from seqgan.cli.main import main
from seqgan.objectives import ALGORITHMS
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.rules import RULES
from seqgan.training.used import unread


def flags_shown(*arguments):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code in (0, None)
    return set(re.findall(r"--[a-z][\w.-]+", said.getvalue()))


def flag(name, section="adversarial"):
    return f"--{section}.{name.replace('_', '-')}"


@pytest.mark.parametrize("name", ["seqgan", "relgan", "spin", "wgan-gp"])
def test_help_is_of_the_algorithm_and_short_unless_all_is_asked_for(name):
    algorithm = ALGORITHMS[name]
    short = flags_shown("adversarial", "--algo", name, "--help")
    whole = flags_shown("adversarial", "--algo", name, "--help-all")
    own = {flag(each, "algorithm") for each in algorithm.settings.__struct_fields__}
    of_others = {
        flag(each, "algorithm") for other in ALGORITHMS.values() for each in other.settings.__struct_fields__
    } - own
    never = {flag(each) for each in unread(algorithm)}
    for shown in (short, whole):
        assert own <= shown
        assert not shown & (of_others | never)
    assert short < whole
    shared = {each for each in short if each.startswith("--adversarial.")}
    assert 6 <= len(shared) <= 14
    hidden = set(RULES)  # of runs made before
    read = set(AdversarialConfig.__struct_fields__) - hidden - unread(algorithm).keys()
    assert {flag(each) for each in read} <= whole


def test_a_command_with_one_help_answers_both():
    assert flags_shown("pretrain", "--help-all") == flags_shown("pretrain", "--help")


def test_what_short_help_does_not_show_can_be_given(capsys):
    assert main(["adversarial", "--algo", "seqgan", "--adversarial.discount", "2", "--run", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err  # it parsed, and what is wrong is the run
