"""A discriminator as a function of prompts and completions."""

import math
import pickle

import pytest
from support.products import product_run

from seqgan.errors import ConfigError, CorpusError, RunError
from seqgan.exporting import ExportedDiscriminator, discriminator_reward_function
from seqgan.objectives.rewards import probability


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {"plain": product_run(folder, "plain"), "pairs": product_run(folder, "pairs", "seq2seq-gru", "hierarchical")}


def said(*texts, role="assistant"):
    return [{"role": role, "content": text} for text in texts]


def test_text_and_messages_are_worth_the_same(made):
    reward = discriminator_reward_function(made["plain"])
    judge = ExportedDiscriminator.from_run(made["plain"])
    lines = ["a dog runs .", "", "dog dog ."]
    expected = judge.score(lines)
    assert len(set(expected)) == 3
    assert reward(prompts=["x"] * 3, completions=lines, completion_ids=None, trainer_state=object()) == expected
    assert reward(["x"] * 3, [said(line) for line in lines]) == expected
    assert reward([said("x", role="user")] * 3, [" a dog\nruns\t.\n", "\n", "dog dog ."]) == expected
    parts = [said([{"type": "text", "text": "a dog "}, {"type": "text", "text": "runs ."}])]
    assert reward([""], parts) == pytest.approx(expected[:1], abs=1e-5)
    assert all(isinstance(value, float) for value in expected)
    assert reward.__name__ == "discriminator_cnn"


def test_a_prompt_and_its_completion_as_one_text(made):
    reward = discriminator_reward_function(made["plain"], with_prompt=True)
    expected = ExportedDiscriminator.from_run(made["plain"]).score(["the cat sleeps ."])
    assert reward(["the cat"], [" sleeps ."]) == expected


def test_turns_stay_apart_and_what_only_instructs_or_informs_is_not_judged(made):
    reward = discriminator_reward_function(made["plain"], with_prompt=True)
    expected = ExportedDiscriminator.from_run(made["plain"]).score(["the cat sleeps ."])
    alone = discriminator_reward_function(made["plain"])
    judged_alone = ExportedDiscriminator.from_run(made["plain"]).score(["a dog runs ."])
    user, answer = said("the cat", role="user"), said("sleeps .")
    assert reward([user], [answer]) == expected
    assert reward([said("be kind", role="system") + user], [answer]) == expected
    assert reward([said("be kind", role="developer") + user], [answer]) == expected
    assert reward([said("the", role="user") + said("cat")], [answer]) == expected
    assert reward(["the cat"], [answer]) == reward([user], [" sleeps ."]) == expected
    assert reward(user, answer) == expected  # a message by itself
    parts = [{"type": "text", "text": "a dog"}, {"type": "image", "text": None}, {"type": "text", "text": "runs ."}]
    assert alone([""], [said(parts)]) == judged_alone
    assert alone([""], [said(["a dog", "runs ."])]) == judged_alone
    called = [{"role": "assistant", "content": None, "tool_calls": [{"name": "look"}]}, *said("12", role="tool")]
    by_others = said("the old man", role="user")
    assert alone([""], [[*called, *said("a dog"), *by_others, *said("runs .")]]) == judged_alone
    thought = said([{"type": "thinking", "text": "the cat"}, {"type": "text", "text": "a dog runs ."}], role="Model")
    assert alone([""], [thought]) == judged_alone


@pytest.mark.parametrize(
    ("completion", "message"),
    [
        (None, "Completion 2 is None, expected a text or messages"),
        (3, r"Completion 2 is '3' \(int\), expected a text or messages"),
        ([None], "Completion 2 has None among its messages"),
        (["a dog"], r"Completion 2 has 'a dog' \(str\) among its messages"),
        (said("a", role="narrator"), "Completion 2 has a message of the role 'narrator'"),
        (said(3), r"Completion 2 has '3' \(int\) for a text in a message"),
        (said([{"type": "text", "text": 3}]), r"Completion 2 has '3' \(int\) for a text in a message"),
    ],
)
def test_what_is_no_text_is_told_in_a_line(made, completion, message):
    with pytest.raises(ConfigError, match=message) as caught:
        discriminator_reward_function(made["plain"])(["", ""], ["a dog", completion])
    assert "\n" not in str(caught.value)


def test_a_prompt_that_is_none_is_told_where_it_is_read(made):
    assert discriminator_reward_function(made["plain"])([None], ["a dog"])
    with pytest.raises(ConfigError, match="Prompt 1 is None"):
        discriminator_reward_function(made["plain"], with_prompt=True)([None], ["a dog"])
    with pytest.raises(ConfigError, match="Prompt 1 is None"):
        discriminator_reward_function(made["pairs"].folder)([None], ["hund"])


def test_log_odds_may_be_worth_something_else(made):
    plain = discriminator_reward_function(made["plain"])(["", ""], ["a dog runs .", "the the"])
    bounded = discriminator_reward_function(made["plain"], value=probability)(["", ""], ["a dog runs .", "the the"])
    assert bounded == pytest.approx([1 / (1 + math.exp(-value)) for value in plain])


def test_a_discriminator_that_reads_sources_is_given_the_prompts(made):
    run = made["pairs"]
    reward = discriminator_reward_function(run.folder)
    judge = ExportedDiscriminator.from_run(run.folder)
    expected = judge.score(["hund rennt"] * 2, ["a dog runs", "cat sleeps"])
    assert expected[0] != expected[1]
    assert reward(["a dog runs", "cat sleeps"], ["hund rennt"] * 2) == expected
    turns = [*said("be kind", role="system"), *said("a dog", role="user"), *said("runs"), *said("cat", role="user")]
    silent = [*turns[:2], {"role": "assistant", "content": None}, *said("7", role="tool"), *turns[2:]]
    assert reward([silent], [said("hund")]) == reward([turns], [said("hund")])
    assert reward([turns], [said("hund")]) == judge.score(["hund"], ["a dog __eou__ runs __eou__ cat"])
    with pytest.raises(CorpusError, match="line 1: the source is blank"):
        reward([" "], ["hund"])
    with pytest.raises(ConfigError, match="leave out with_prompt"):
        discriminator_reward_function(run, with_prompt=True)


def test_another_process_reads_it_again(made):
    reward = discriminator_reward_function(made["plain"], value=probability)
    again = pickle.loads(pickle.dumps(reward))
    assert again([""], ["a dog runs ."]) == reward([""], ["a dog runs ."])


def test_an_exported_discriminator_is_as_good_as_its_run(made, tmp_path):
    ExportedDiscriminator.from_run(made["plain"]).save_pretrained(tmp_path / "judge")
    reward = discriminator_reward_function(tmp_path / "judge")
    assert reward([""], ["a dog ."]) == discriminator_reward_function(made["plain"])([""], ["a dog ."])


def test_mistakes_are_said(made, tmp_path):
    with pytest.raises(RunError, match="There is no folder"):
        discriminator_reward_function(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is no exported model"):
        discriminator_reward_function(tmp_path)
    reward = discriminator_reward_function(made["plain"])
    with pytest.raises(ConfigError, match="prompts is a NoneType, expected a list with one for each completion"):
        reward(None, ["a"])
    with pytest.raises(ConfigError, match="prompts is a string, expected a list"):
        reward("a", ["a"])
    with pytest.raises(ConfigError, match="completions is a NoneType"):
        reward(["a"], None)
    with pytest.raises(ConfigError, match="1 prompts and 2 completions"):
        reward([""], ["a", "b"])
