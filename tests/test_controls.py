"""Controls of a run: larger generators that are pretrained alone, and what is said of all opponents."""

import itertools
import json
import shutil
from types import SimpleNamespace

import msgspec
import pytest
import torch
from support.products import product_run
from support.tiny import same_weights

from seqgan.algorithm_settings import with_algorithm
from seqgan.build import build_generator, count_generator_parameters
from seqgan.cli.main import main
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import ConfigError, CorpusError, RunError
from seqgan.evaluation import drawing_cost as costs
from seqgan.evaluation.drawing_cost import Cost, cost_ratio, drawing_cost
from seqgan.evaluation.verdict import Verdict
from seqgan.jobs import controls
from seqgan.jobs.adversarial import train_from_run
from seqgan.jobs.compare import compare
from seqgan.jobs.compare_opponents import Opponent, opponents_table, sentence_of, with_opponents
from seqgan.jobs.control_sizes import MOST_TIMES, NEAR, enlarged, nearest_size, size_of_ratio, unit_of
from seqgan.jobs.controls import make_controls, parent_of
from seqgan.jobs.pretrain import pretrain_run
from seqgan.runs import open_run
from seqgan.runs.load import load_discriminator, load_generator
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig

GENERATOR = GeneratorConfig(name="lstm", embedding_size=8, hidden_size=12, dropout=0.3)
SMALL = {
    "rounds": 2,
    "batch_size": 8,
    "discriminator_steps": 2,
    "discriminator_pool": 16,
    "evaluate_samples": 10,
}


def write_text(folder):
    words = ["dog", "cat", "bird", "cow", "pig"], ["runs", "sleeps", "eats", "sings"], ["here", "there", "now"]
    lines = [f"the {' '.join(three)} ." for three in itertools.product(*words)]
    folder.mkdir()
    (folder / "train.txt").write_text("\n".join(lines[::2] * 2) + "\n")
    (folder / "valid.txt").write_text("\n".join(lines[1::2] * 4) + "\n")
    (folder / "test.txt").write_text("\n".join(lines[::3]) + "\n")


def adversarial(parent, algo, **own):
    base = msgspec.structs.replace(parent.config, discriminator=DiscriminatorConfig())
    config = with_algorithm(base, algo, ("discriminator", "adversarial"))
    return msgspec.structs.replace(
        config,
        discriminator=msgspec.structs.replace(config.discriminator, embedding_size=6, filters=0.02),
        adversarial=msgspec.structs.replace(config.adversarial, **SMALL, **own),
    )


def pretrained(folder, name="mine"):
    config = RunConfig(
        data=DataConfig(corpus=str(folder / "text")),
        generator=GENERATOR,
        pretrain=PretrainConfig(epochs=2, batch_size=16),
    )
    return pretrain_run(config, folder / name, device="cpu").run


def residual_settings(parent, candidates=4):
    config = adversarial(parent, "residual")
    return msgspec.structs.replace(config, algorithm={**config.algorithm, "candidates": candidates})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A pretrained run in mine/, with residual/ in it, and that one's controls."""
    folder = tmp_path_factory.mktemp("runs")
    write_text(folder / "text")
    parent = pretrained(folder)
    run = train_from_run(residual_settings(parent), parent, verdict=False, device="cpu").run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controls, "cost_ratio", by_size)
        make_controls(run, parent, device="cpu")
    return folder


def by_size(generator, model, max_length, **options):
    """In the place of measured processor time: a generator of hidden size 30 costs as much as the model."""
    return generator.layers[0].hidden_size / 30


@pytest.fixture
def here(kept, tmp_path, monkeypatch):
    """A copy of these runs, where a test may change them."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(controls, "cost_ratio", by_size)
    return tmp_path


@pytest.fixture
def trained(monkeypatch):
    """The folders that are pretrained into."""
    folders = []

    def counted(config, folder, **options):
        folders.append("/".join(folder.parts[-2:]))
        return pretrain_run(config, folder, **options)

    monkeypatch.setattr(controls, "pretrain_run", counted)
    return folders


SLOW = pytest.mark.slow(reason="trains a run and its controls")


def test_the_nearest_size_is_found():
    assert nearest_size(lambda size: size * size, 50, first=3) == 7
    assert nearest_size(lambda size: size * size, 9, first=3) == 3
    assert nearest_size(lambda size: size * size, 1, first=3) == 3
    assert nearest_size(lambda size: size, 10, first=4, unit=4) == 8  # as near as 12, and smaller
    assert nearest_size(lambda size: size, 11, first=4, unit=4) == 12
    assert nearest_size(lambda size: size, 10**9, first=2) == 2 * MOST_TIMES


def test_the_size_of_an_equal_cost_is_found_with_few_measurements():
    asked = []

    def ratio(size):
        asked.append(size)
        return size / 1000

    size, found = size_of_ratio(ratio, first=100)
    assert abs(found - 1) <= NEAR
    assert found == size / 1000
    assert len(asked) == len(set(asked)) < 10
    assert size_of_ratio(lambda size: 1.5, first=100) == (100, 1.5)
    assert size_of_ratio(lambda size: size / 100, first=8, unit=8)[0] % 8 == 0
    assert size_of_ratio(lambda size: 0.001, first=2)[1] == 0.001


def test_an_enlarged_generator_keeps_kind_and_proportions():
    larger = enlarged(GENERATOR, 30, dropout=0.1)
    assert (larger.hidden_size, larger.embedding_size, larger.dropout) == (30, 20, 0.1)
    assert enlarged(GENERATOR, 30).dropout == GENERATOR.dropout
    tied = msgspec.structs.replace(GENERATOR, embedding_size=12, tied=True)
    assert enlarged(tied, 29).embedding_size == 29
    transformer = GeneratorConfig(name="transformer", embedding_size=16, hidden_size=24, heads=4)
    assert unit_of(transformer) == 1
    assert enlarged(transformer, 40).embedding_size == 28  # 16 * 40 / 24 is 26.7, and 4 heads divide it
    relational = GeneratorConfig(name="relational", hidden_size=12, heads=3)
    assert unit_of(relational) == 3
    unread = msgspec.structs.replace(GENERATOR, heads=7, noise_size=9)
    assert enlarged(unread, 12).heads == GeneratorConfig().heads
    with pytest.raises(ConfigError, match="huggingface has no hidden_size"):
        enlarged(GeneratorConfig(name="huggingface", path="x"), 12)


@pytest.mark.parametrize("name", ["lstm", "gru", "transformer", "relational"])
def test_parameters_are_counted_without_making_them(name):
    config = msgspec.structs.replace(GENERATOR, name=name)
    vocabulary = Vocabulary(["a", "b", "c"])
    made = build_generator(config, vocabulary, 7)
    assert count_generator_parameters(config, vocabulary, 7) == sum(each.numel() for each in made.parameters())
    assert next(made.parameters()).device.type == "cpu"


def test_costs_are_of_a_sentence_and_medians_of_ratios(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(costs.time, "process_time", lambda: next(clock))
    rows = []

    def sample(generator, number, max_length, *, rng):
        rows.append(number)
        mask = torch.ones(number, max_length, dtype=torch.bool)
        mask[: number // 2, 1:] = False  # half of them have one token
        return torch.zeros(number, max_length), mask

    monkeypatch.setattr(costs, "sample", sample)
    one = torch.nn.Module()
    assert drawing_cost(one, 3, torch.Generator(), rows=64) == Cost(1 / 64, 2.0)
    one.candidates = 2
    assert drawing_cost(one, 3, torch.Generator(), rows=64) == Cost(2 / 64, 2.0)  # 32 at once, twice
    assert rows == [64, 32, 32]

    found = iter([Cost(2, 4), Cost(1, 3), Cost(9, 4), Cost(1, 3), Cost(1, 4), Cost(1, 3)])
    lengths = []

    def measured(generator, max_length, rng, rows):
        lengths.append(max_length)
        return next(found)

    monkeypatch.setattr(costs, "drawing_cost", measured)
    # By the token 0.5, 2.25 and 0.25 times the three tokens of the model's sentences.
    assert cost_ratio(one, one, 9, tokens=3.2) == pytest.approx(0.5 * 3.2)
    assert lengths == [3, 9] * 3
    found = iter([Cost(2, 4), Cost(1, 3), Cost(9, 4), Cost(1, 3), Cost(1, 4), Cost(1, 3)])
    assert cost_ratio(one, one, 9) == 2


@SLOW
def test_controls_are_pretrained_runs_of_the_sizes_that_were_asked_for(kept):
    run, parent = open_run(kept / "mine" / "residual"), open_run(kept / "mine")
    target = sum(
        parameter.numel()
        for player in (load_generator(run), load_discriminator(run))
        for parameter in player.parameters()
    )
    folder = run.folder / "controls"
    assert sorted(path.name for path in folder.iterdir()) == ["cost", "cost.json", "parameters", "parameters.json"]
    for kind in ("parameters", "cost"):
        made, about = open_run(folder / kind), json.loads((folder / f"{kind}.json").read_text())
        assert not made.is_adversarial
        to_its_end = msgspec.structs.replace(parent.config.pretrain, epochs=PretrainConfig().epochs)
        assert (made.config.pretrain, made.config.seed) == (to_its_end, parent.config.seed)
        assert made.config.data == msgspec.structs.replace(parent.config.data, begun_in=str(made.folder.resolve()))
        assert [each["dropout"] for each in about["tried"].values()] == [0.0, 0.2, 0.3, 0.4]
        assert about["dropout"] == made.config.generator.dropout
        best = min(about["tried"].values(), key=lambda each: each["nll"])
        assert best["dropout"] == about["dropout"]
        lines = [json.loads(line) for line in made.metrics_path.read_text().splitlines()]
        assert best["nll"] == pytest.approx(min(line["eval/nll"] for line in lines), abs=1e-5)  # the log rounds
        assert about["parameters"] == sum(each.numel() for each in load_generator(made).parameters())
        size = made.config.generator.hidden_size
        assert about["sizes"] == {"hidden_size": size, "embedding_size": round(8 * size / 12)}
    size = open_run(folder / "parameters").config.generator.hidden_size

    def gap(size):
        larger = enlarged(parent.config.generator, size)
        return abs(count_generator_parameters(larger, parent.vocabulary, parent.config.data.max_length) - target)

    assert gap(size) <= min(gap(size - 1), gap(size + 1))
    about = json.loads((folder / "cost.json").read_text())
    assert about["cost_ratio"] == about["cost_ratio_untrained"] == about["sizes"]["hidden_size"] / 30
    assert abs(about["cost_ratio"] - 1) <= NEAR


@SLOW
def test_controls_that_are_there_and_match_are_not_made_again(here, trained):
    parent = open_run("mine")
    first = make_controls(open_run("mine/residual"), parent)
    assert not trained
    assert [control.kind for control in first] == ["parameters", "cost"]
    # With other candidates the cost is another one, and the parameters are the same.
    path = here / "mine" / "residual" / "config.yaml"
    path.write_text(path.read_text().replace("candidates: 4", "candidates: 5"))
    second = make_controls(open_run("mine/residual"), parent)
    assert trained == [f"cost-tried/dropout-{share}" for share in ("0", "0.2", "0.3", "0.4")]
    assert second[0].about == first[0].about
    # One that was taken away comes back with the dropout that is known.
    trained.clear()
    shutil.rmtree(here / "mine" / "residual" / "controls" / "parameters")
    third = make_controls(open_run("mine/residual"), parent)
    assert trained == [f"parameters-tried/dropout-{first[0].about['dropout']:g}"]
    assert third[0].about == first[0].about


@SLOW
def test_what_was_interrupted_is_gone_on_with(here, kept, trained, monkeypatch):
    folder = here / "mine" / "residual" / "controls"
    shutil.rmtree(folder)
    counted = controls.pretrain_run

    def stopped(config, folder, **options):
        if len(trained) == 2:
            raise KeyboardInterrupt
        return counted(config, folder, **options)

    monkeypatch.setattr(controls, "pretrain_run", stopped)
    with pytest.raises(KeyboardInterrupt):
        make_controls(open_run("mine/residual"), open_run("mine"))
    assert not (folder / "parameters").exists()
    monkeypatch.setattr(controls, "pretrain_run", counted)
    made, _ = make_controls(open_run("mine/residual"), open_run("mine"))
    assert trained[:4] == [f"parameters-tried/dropout-{share}" for share in ("0", "0.2", "0.3", "0.4")]
    assert len(trained) == 8
    at_once = open_run(kept / "mine" / "residual" / "controls" / "parameters")
    assert same_weights(load_generator(made.run), load_generator(at_once))


@SLOW
def test_without_its_text_there_are_controls_only_where_they_were_made(here, trained):
    shutil.rmtree(here / "text")
    for path in (here / "mine").rglob("config.yaml"):  # which know where it was, too
        path.write_text(path.read_text().replace(str(here.parent), "/nowhere"))
    run, parent = open_run("mine/residual"), open_run("mine")
    parent.config = msgspec.structs.replace(
        parent.config, data=msgspec.structs.replace(parent.config.data, corpus="/nowhere/text")
    )
    assert len(make_controls(run, parent)) == 2
    shutil.rmtree(here / "mine" / "residual" / "controls")
    with pytest.raises(CorpusError, match="The text of mine is no longer at /nowhere/text"):
        make_controls(run, parent)
    assert not trained


FEW = ["--metrics", "unique", "--count", "30", "--sets", "2", "--temperatures", "0.6", "0.8", "1.3", "2", "--quiet"]


@SLOW
def test_all_opponents_are_told_by_the_command(here, capsys, trained):
    assert main(["evaluate", "--run", "mine/residual", "--controls", *FEW]) == 0
    shown = capsys.readouterr().out
    verdict = json.loads((here / "mine" / "residual" / "verdict.json").read_text())
    assert [each["opponent"] for each in verdict["controls"]] == ["parent", "budget", "parameters", "cost"]
    assert verdict["controls_sentence"] in shown
    assert "MLE of equal sampling cost" in shown
    assert verdict["evidence"]["nll_at_temperature_1"]["of"] == "generator times discriminator"
    places = {"..", "controls/parameters", "controls/cost"}
    assert set(verdict["weights_of"]) == places
    for place in places:
        assert (here / "mine" / "residual" / place / "sweep.json").exists()
    kept_flags = json.loads((here / "mine" / "residual" / "report.json").read_text())["flags"]
    assert (kept_flags["compare"], kept_flags["controls"]) == ("mine", True)
    settings = {"sentences": 30, "sets": 2, "temperatures": (0.6, 0.8, 1.3, 2.0)}
    again = compare("mine/residual", controls=True, **settings, progress=False)
    assert again.controls_sentence == verdict["controls_sentence"]
    assert compare("mine/residual", **settings, progress=False).controls == ()
    assert not trained


@SLOW
def test_other_seeds_share_the_controls_and_a_plain_run_has_no_cost_of_its_own(here, capsys, trained):
    parent = open_run("mine")
    other = msgspec.structs.replace(residual_settings(parent), seed=1)
    train_from_run(other, parent, name="r2", verdict=False, device="cpu")
    both = ["evaluate", "--run", "mine/residual", "--controls", "--seeds-of", "mine/r2", *FEW, "--json", "-"]
    assert main(both) == 0
    verdict = json.loads(capsys.readouterr().out)["verdict"]
    assert verdict["evidence"]["candidates"] == 2
    assert {each.get("covers") for each in verdict["controls"] if each["kind"]} == {"the candidates' seeds and samples"}
    assert not trained
    assert main([*both[:-2], "--equal-budget", "none"]) == 0
    shown = capsys.readouterr().out
    assert "Of two seeds the interval hardly ever decides" in shown
    assert "Left out: MLE of equal budget, as none was asked for." in shown
    assert not trained

    plain = train_from_run(adversarial(parent, "seqgan", rollouts=2), parent, verdict=False, device="cpu").run
    parameters, cost = make_controls(plain, parent, device="cpu")
    assert len(trained) == 4
    assert parameters.run is not None
    assert cost.run is None
    assert cost.left_out.startswith("a sentence of ")
    assert main(["evaluate", "--run", "mine/seqgan", "--controls", "--seeds-of", "mine/r2", *FEW]) == 2
    assert "mine/r2 has other settings of the algorithm than mine/seqgan" in capsys.readouterr().err


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert main([*map(str, arguments), "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_runs_without_controls_are_refused_in_a_line(tmp_path, capsys):
    run = product_run(tmp_path)
    evaluate = ["evaluate", "--controls", "--run", run.folder]
    assert "lies in the folder of no pretrained run" in fails(capsys, *evaluate)
    assert "--table-only leaves out the verdict" in fails(capsys, *evaluate, "--table-only")
    files = ["--samples", tmp_path / "corpus.txt", "--references", tmp_path / "corpus.txt"]
    assert "--controls is of runs" in fails(capsys, "evaluate", "--controls", *files)
    assert "two players made it" in fails(capsys, *evaluate, "--compare", run.folder)

    parent = copied(run, tmp_path / "parent", adversarial=None, algorithm=None, discriminator=None)
    shutil.copytree(run.folder, parent / "child")
    assert "parent was pretrained only: name one, such as" in fails(capsys, "evaluate", "--controls", "--run", parent)
    larger = msgspec.structs.replace(run.config.generator, hidden_size=13)
    other = copied(run, tmp_path / "other", adversarial=None, algorithm=None, discriminator=None, generator=larger)
    line = fails(capsys, "evaluate", "--controls", "--run", parent / "child", "--compare", other)
    assert "has generator.hidden_size 12 and" in line
    begun = msgspec.structs.replace(run.config.pretrain, start="runs/first")
    later = copied(run, tmp_path / "later", adversarial=None, algorithm=None, discriminator=None, pretrain=begun)
    line = fails(capsys, "evaluate", "--controls", "--run", parent / "child", "--compare", later)
    assert "began with the weights of runs/first" in line
    (tmp_path / "pairs").mkdir()
    pairs = product_run(tmp_path / "pairs", "run", "seq2seq-gru", "two-tower-cnn")
    line = fails(capsys, "evaluate", "--controls", "--run", pairs.folder, "--compare", parent)
    assert "is a run of pairs" in line
    with pytest.raises(RunError, match="lies in the folder of no pretrained run"):
        parent_of(run)


def copied(run, folder, **sections):
    """The folder of the same run with other settings."""
    from seqgan.settings.run import settings_text

    shutil.copytree(run.folder, folder)
    (folder / "config.yaml").write_text(settings_text(msgspec.structs.replace(run.config, **sections)))
    return folder


def verdict_of(kind, difference=None, nll=2.0):
    evidence = {
        "candidate": "mine",
        "metrics": {"quality": "bleu-4", "diversity": "self-bleu-4"},
        "nll": {"candidate": None, "reference": None if nll is None else {"temperature_1": nll}},
        "sets": 2,
    }
    if difference is not None:
        names = ("value", "low", "high")
        evidence["at_equal_diversity"] = {"difference": dict(zip(names, difference, strict=True))}
    return Verdict(kind, "", evidence)


def test_one_sentence_says_which_opponents_a_run_is_not_better_than():
    better, alike, worse = (verdict_of(kind) for kind in ("better", "no-difference", "worse"))
    parent, budget = Opponent("parent", "mine", better), Opponent("budget", "", better)
    assert sentence_of("r", [parent]) == "At equal diversity r is shown to be better than MLE as it began."
    assert sentence_of("r", [parent, budget, Opponent("cost", "", None, "it costs no more")]) == (
        "At equal diversity r is shown to be better than MLE as it began and MLE of equal budget. Left out: MLE of "
        "equal sampling cost, as it costs no more."
    )
    assert sentence_of("r", [parent, budget, Opponent("parameters", "p", alike), Opponent("cost", "c", worse)]) == (
        "At equal diversity r is shown to be better than MLE as it began and MLE of equal budget, but not than MLE of "
        "equal parameters (no difference) or MLE of equal sampling cost (worse)."
    )
    assert sentence_of("r", [Opponent("parent", "mine", worse)]) == (
        "At equal diversity r is shown to be better than none of its opponents: not than MLE as it began (worse)."
    )


def test_the_table_has_a_row_for_each_opponent():
    about = {"sizes": {"hidden_size": 9}, "parameters": 1234, "dropout": 0.2, "cost_ratio": 0.98, "asked": {}}
    opponents = [
        Opponent("parent", "mine", verdict_of("better", (0.02, 0.01, 0.03))),
        Opponent("budget", "", None, "none was asked for"),
        Opponent("parameters", "p", verdict_of("cannot-tell", nll=None)),
        Opponent("cost", "c", verdict_of("cannot-tell", (0.02, None, None)), about=about),
    ]
    verdict = with_opponents(verdict_of("better", (0.02, 0.01, 0.03)), "r", opponents, (1.5, "generator"))
    rows = [line.split() for line in opponents_table(verdict)]
    assert rows[1] == ["mine", "1.5000", "(generator)"]
    assert rows[2] == ["MLE", "as", "it", "began", "2.0000", "+0.0200", "+0.0100", "to", "+0.0300", "better"]
    assert rows[3] == ["MLE", "of", "equal", "budget", "left", "out"]
    assert rows[4] == ["MLE", "of", "equal", "parameters", "n/a", "n/a", "cannot-tell"]
    assert rows[5][:9] == ["MLE", "of", "equal", "sampling", "cost", "2.0000", "+0.0200", "-inf", "to"]
    assert "1,234 parameters, dropout 0.2; 0.98 of the run's processor time" in opponents_table(verdict)[5]
    content = verdict.to_json("mine")
    json.dumps(content, allow_nan=False)
    assert [each["kind"] for each in content["controls"]] == ["better", None, "cannot-tell", "cannot-tell"]
    assert "asked" not in content["controls"][3]["about"]
    assert "controls" not in Verdict("better", "", {}).to_json("mine")


def test_a_control_is_maximum_likelihood_to_its_end_whatever_its_parent_was():
    usual = PretrainConfig()
    old = PretrainConfig(epochs=1, patience=0, weighting="batch", draws="single", learning_rate=0.01)
    made = controls._pretraining(SimpleNamespace(config=RunConfig(pretrain=old)))
    assert made == msgspec.structs.replace(usual, learning_rate=0.01)
    longer = PretrainConfig(epochs=usual.epochs + 50, patience=7)
    assert controls._pretraining(SimpleNamespace(config=RunConfig(pretrain=longer))) == longer
