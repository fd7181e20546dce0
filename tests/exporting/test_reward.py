"""A discriminator as a function of prompts and completions."""

import math
import pickle

import pytest
from products import product_run

from seqgan.errors import ConfigError, CorpusError, RunError
from seqgan.exporting import PretrainedDiscriminator, discriminator_reward_function
from seqgan.objectives.rewards import probability


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {"plain": product_run(folder, "plain"), "pairs": product_run(folder, "pairs", "seq2seq-gru", "hierarchical")}


def said(*texts, role="assistant"):
    return [{"role": role, "content": text} for text in texts]


def test_text_and_messages_are_worth_the_same(made):
    reward = discriminator_reward_function(made["plain"])
    judge = PretrainedDiscriminator.from_run(made["plain"])
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
    expected = PretrainedDiscriminator.from_run(made["plain"]).score(["the cat sleeps ."])
    assert reward(["the cat"], [" sleeps ."]) == expected


def test_log_odds_may_be_worth_something_else(made):
    plain = discriminator_reward_function(made["plain"])(["", ""], ["a dog runs .", "the the"])
    bounded = discriminator_reward_function(made["plain"], value=probability)(["", ""], ["a dog runs .", "the the"])
    assert bounded == pytest.approx([1 / (1 + math.exp(-value)) for value in plain])


def test_a_discriminator_that_reads_sources_is_given_the_prompts(made):
    run = made["pairs"]
    reward = discriminator_reward_function(run.folder)
    judge = PretrainedDiscriminator.from_run(run.folder)
    expected = judge.score(["hund rennt"] * 2, ["a dog runs", "cat sleeps"])
    assert expected[0] != expected[1]
    assert reward(["a dog runs", "cat sleeps"], ["hund rennt"] * 2) == expected
    turns = [*said("be kind", role="system"), *said("a dog", role="user"), *said("runs"), *said("cat", role="user")]
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
    PretrainedDiscriminator.from_run(made["plain"]).save_pretrained(tmp_path / "judge")
    reward = discriminator_reward_function(tmp_path / "judge")
    assert reward([""], ["a dog ."]) == discriminator_reward_function(made["plain"])([""], ["a dog ."])


def test_mistakes_are_said(made, tmp_path):
    with pytest.raises(RunError, match="There is no folder"):
        discriminator_reward_function(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is no exported model"):
        discriminator_reward_function(tmp_path)
    reward = discriminator_reward_function(made["plain"])
    with pytest.raises(ConfigError, match="1 prompts and 2 completions"):
        reward([""], ["a", "b"])
