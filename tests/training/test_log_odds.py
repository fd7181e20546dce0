"""Algorithms that learn from the discriminator's log-odds: what bends them, and what few samples do to weights."""

import copy
import io

import pytest
from exact import bent_odds
from exact.bent_odds import BENDS, learnt_logits, odds
from exact.enumeration import make_toy
from support.kinds import SAMPLED
from support.tiny import ADVERSARIAL, players, tiny_text

from seqgan.algorithm_settings import shared_settings
from seqgan.errors import ConfigError
from seqgan.objectives import MALIGAN, SEQGAN
from seqgan.progress import Progress
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.training.adversarial import train_adversarially
from seqgan.training.log_odds import BENDING, FEW_SAMPLES, few_weights


@pytest.mark.slow(reason="trains to the end")
def test_logits_are_the_log_odds_unless_something_bends_them(monkeypatch):
    # Of the thousand updates of the table these are enough: the error below is then 0.005 and not 0.002.
    monkeypatch.setattr(bent_odds, "UPDATES", 400)
    toy = make_toy()
    right = odds(toy, learnt_logits(toy, BENDS["nothing"]))
    assert right.mean_weight == pytest.approx(1.0, abs=0.01)
    assert right.error < 0.02
    smoothed, decayed, replayed = (
        odds(toy, learnt_logits(toy, BENDS[name]))
        for name in ("label_smoothing 0.1", "output_decay 0.2", "replay_share 0.2")
    )
    # The best logit of a target of 1 - a is log((1 - a) p / (q + a p)).
    soft = 0.9 * toy.data / (toy.probs + 0.1 * toy.data)
    assert smoothed.mean_weight == pytest.approx((toy.probs @ soft).item(), abs=0.01)
    assert f"{smoothed.mean_weight:.2f} at 0.1" in BENDING["label_smoothing"]
    assert decayed.error > 0.1
    assert replayed.error > 0.2


def test_what_bends_them_is_off_by_default_where_they_are_needed():
    usual = AdversarialConfig()
    for name, algorithm in SAMPLED.items():
        config = shared_settings(algorithm)
        if algorithm.needs_log_odds:
            assert config.output_decay == 0, name
            assert all(getattr(config, each) == getattr(usual, each) for each in BENDING)
    # What the reward is follows no divergence in these.
    assert {name for name, algorithm in SAMPLED.items() if not algorithm.needs_log_odds} == {
        *("seqgan", "csgan-nmt", "dialogue")
    }


def test_a_training_that_bends_them_is_refused_and_one_that_was_begun_goes_on(tmp_path):
    text = tiny_text(tmp_path)
    config = AdversarialConfig(**{**fields(ADVERSARIAL), "label_smoothing": 0.1, "rounds": 1, "rollouts": 2})
    both = players(text)
    with pytest.raises(ConfigError, match=r"label_smoothing is 0\.1: it bounds the logits"):
        train_adversarially(*copy.deepcopy(both), text, MALIGAN, config)
    train_adversarially(*copy.deepcopy(both), text, SEQGAN, config)
    train_adversarially(*copy.deepcopy(both), text, MALIGAN, config, resume=True)


def test_weights_of_few_samples_are_told(tmp_path):
    assert few_weights(AdversarialConfig(batch_size=FEW_SAMPLES), MALIGAN) is None
    assert few_weights(AdversarialConfig(batch_size=8), SEQGAN) is None
    text, said = tiny_text(tmp_path), io.StringIO()
    config = AdversarialConfig(**{**fields(ADVERSARIAL), "group_size": 4, "rounds": 1, "rollouts": 2})
    train_adversarially(*players(text), text, MALIGAN, config, progress=Progress(said))
    assert "Weights are normalised over 4 samples, which biases the update by an order of 1 in 4" in said.getvalue()


def fields(config):
    return {name: getattr(config, name) for name in config.__struct_fields__}
