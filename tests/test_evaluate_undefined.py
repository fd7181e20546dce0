"""`seqgan evaluate` of files where something is not defined: tables, JSON, and the flag of sacreBLEU's tokens."""

import json
from pathlib import Path

import pytest

from seqgan.cli.main import main

CASES = Path(__file__).parents[2] / "shared" / "cases"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("yes\nno\nmaybe\nyes\n")
    (tmp_path / "zh.txt").write_text("我今天去学校\n他们在公园里玩\n", encoding="utf-8")
    return tmp_path


def evaluated(*arguments):
    """The numbers of a JSON that holds nothing but JSON."""
    assert main(["evaluate", *map(str, arguments), "--json", "out.json", "--overwrite"]) == 0

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(Path("out.json").read_text(), parse_constant=refuse)["metrics"]


def test_lines_of_single_words_by_all_metrics(here, capsys):
    files = ("--samples", "words.txt", "--references", "words.txt", "--training", "words.txt")
    families = ("distinct", "js", "entropy", "ms-jaccard", "in-test", "bleu", "self-bleu", "lm-score", "emb-sim")
    found = evaluated(*files, "--metrics", *families, "ngram-lm-score", "reverse-lm-score")
    missing = {name for name, entry in found.items() if entry["value"] is None}
    of_orders = {f"{family}-{order}" for family in ("distinct", "js", "entropy", "in-test") for order in (2, 3, 4)}
    of_orders |= {f"{family}-{order}" for family in ("ms-jaccard", "bleu", "self-bleu") for order in (2, 3, 4, 5)}
    assert missing == of_orders | {
        *("lm-score", "emb-sim", "ngram-lm-score", "reverse-lm-score", "reverse-lm-score-std")
    }
    assert all(found[name]["note"].startswith("not defined: no ") for name in missing)
    assert found["distinct-1"]["value"] == 0.75
    table = capsys.readouterr().out
    assert "n/a" in table
    assert "nan" not in table
    assert "of words.txt: not defined: no sample has 2 tokens" in table


def test_a_count_beside_lines_of_a_file_is_said_to_do_nothing(here, capsys):
    files = ("--samples", "words.txt", "--references", "words.txt", "--metrics", "distinct")
    of_all = evaluated(*files)
    assert "--count" not in capsys.readouterr().err
    assert evaluated(*files, "--count", 2) == of_all
    said = " ".join(capsys.readouterr().err.split())
    assert "--count is of runs, whose samples are drawn: all 4 lines of words.txt are judged." in said


def test_sacrebleus_tokens_are_chosen(here, capsys):
    files = ("--samples", "zh.txt", "--references", "zh.txt", "--metrics", "sacrebleu")
    found = evaluated(*files)["sacrebleu"]
    assert found["value"] == pytest.approx(100)
    assert "|tok:char|" in found["signature"]
    assert evaluated(*files, "--sacrebleu-tokenize", "13a")["sacrebleu"]["value"] is None
    spaced = ("--samples", "words.txt", "--references", "words.txt", "--metrics", "sacrebleu", "--tokenizer")
    assert "|tok:char|" in evaluated(*spaced, "characters")["sacrebleu"]["signature"]
    capsys.readouterr()
    for arguments, message in (
        ([*files, "--sacrebleu-tokenize", "words"], "--sacrebleu-tokenize is 'words': choose 13a, intl, char"),
        ([*files[:4], "--sacrebleu-tokenize", "zh"], "sacreBLEU, which is not asked for"),
        ([*files[:2], "--references", "words.txt", *files[4:]], "sacrebleu takes a reference for each sample"),
        ([*files[:2], "--references", "words.txt", *files[4:], "chrf"], "sacrebleu and chrf take a reference"),
    ):
        assert main(["evaluate", *arguments]) != 0
        assert message in capsys.readouterr().err


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not there: ../shared/cases")
def test_the_cases(here):
    words = CASES / "undefined-ngram-metrics" / "s1.txt"
    families = ("distinct", "js", "entropy", "ms-jaccard", "in-test")
    found = evaluated("--samples", words, "--references", words, "--metrics", *families)
    assert {name for name, entry in found.items() if entry["value"] is not None} == {
        *("distinct-1", "js-1", "entropy-1", "in-test-1")
    }
    chinese = CASES / "cjk-sacrebleu"
    files = ("--samples", chinese / "zh_hyp.txt", "--references", chinese / "zh_ref.txt")
    assert evaluated(*files, "--metrics", "sacrebleu")["sacrebleu"]["value"] == pytest.approx(75.98, abs=0.01)
