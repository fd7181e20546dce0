"""The reproductions at their smallest: that every step runs, and that a second call repeats nothing."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def run(script, *arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, SCRIPTS / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=580, check=True)


@pytest.fixture
def run_here(monkeypatch):
    """The same in this process, which has imported everything already."""

    def run_here(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(SCRIPTS / script), run_name="__main__")

    return run_here


@pytest.mark.slow(reason="trains five models")
def test_the_synthetic_experiment(run_here, tmp_path):
    options = ("--out", tmp_path, "--size", "tiny", "--samples", "64", "--every", "1", "--device", "cpu")
    run_here("oracle", *options, "--players", "seqgan")
    table = (tmp_path / "table.md").read_text()
    assert "| oracle | 1 |" in table
    assert "| seqgan | 1 |" in table
    assert "MLE, temperature 0.5" in table
    weights = tmp_path / "mle-0" / "seqgan" / "generator.safetensors"
    before = weights.stat().st_mtime_ns
    run_here("oracle", *options, "--players", "seqgan", "maligan")
    grown = (tmp_path / "table.md").read_text()
    assert grown.startswith(table)
    assert "| maligan | 1 |" in grown
    assert weights.stat().st_mtime_ns == before
    curve = (tmp_path / "curve.tsv").read_text().splitlines()
    assert curve[0].split("\t")[:4] == ["run", "phase", "step", "nll_oracle"]
    # Two epochs and three measurements of each adversarial run (before, in the middle, at the end).
    assert sum(line.startswith("mle-0\t") for line in curve) == 2
    assert sum(line.startswith("mle-0/seqgan\t") for line in curve) == 3


def test_the_bare_critic_is_the_same_network():
    """What the timing compares must be equal: the benchmark's own network against the package's."""
    import torch

    from seqgan.discriminators import ResidualConvDiscriminator

    bare = runpy.run_path(str(SCRIPTS / "bench_critic"))["bare_critic"]
    critic = ResidualConvDiscriminator(7, hidden_size=6, layers=3, max_length=5)
    values = torch.rand(4, 5, 7)
    mask = torch.ones(4, 5, dtype=torch.bool)
    torch.testing.assert_close(bare(values, list(critic.parameters())), critic(values, mask))


@pytest.mark.slow(reason="starts a process")
def test_bleu_is_timed_beside_nltk_on_the_same_sentences(tmp_path):
    for name, lines in (
        ("real.txt", ["a dog runs .", "the cat sits on a mat ."]),
        ("made.txt", ["a cat runs .", "a dog"]),
    ):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    printed = run("bench_bleu", tmp_path / "real.txt", tmp_path / "made.txt", "--rounds", 1, "--nltk", 2).stdout
    row = next(line for line in printed.splitlines() if line.startswith("| seqgan |"))
    assert float(row.split("|")[4]) < 1e-12
    assert "| NLTK (2 sentences, times 1) |" in printed


@pytest.mark.slow(reason="all rows of the benchmark")
def test_the_benchmark_compares_equals(run_here, tmp_path):
    """Equality alone is asserted, by the script itself: times of tiny sizes, on a busy machine, say nothing."""
    import json

    contests = {
        "rollout-20",
        "sample-transformer",
        "sample-pairs",
        "rollout-pairs",
        "discriminator",
        "likelihood",
        "round",
    }
    costs = {"start-up-sample", "verdict-samples", "memory-rollout-20", "memory-likelihood-100000", "budget-sampling"}
    files = ("--json", tmp_path / "bench.json", "--table", tmp_path / "bench.md")
    run_here("bench", "--quick", "--threads", "1", *files, "--rows", *sorted(contests | costs))
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert rows.keys() == contests | costs
    assert rows["start-up-sample"]["package"] > 0.1  # seconds of a process that imports torch
    # One temperature of two runs, eight sentences a set: 2 sets are planned, and at most 4 are made.
    assert rows["verdict-samples"]["package"] in (32, 48, 64)
    page = (tmp_path / "bench.md").read_text()
    assert "| round | 1 generator step with 2 rollouts" in page
    assert "| budget-sampling | extra memory of sampling with a budget of 192 MiB |" in page


def test_a_folder_that_is_no_checkout_of_a_peer_is_said_in_a_line(run_here, tmp_path):
    with pytest.raises(SystemExit, match=r"has no config\.py: --peer expects a checkout of TextGAN-PyTorch") as error:
        run_here("bench", "--quick", "--peer", tmp_path, "--rows", "peer-rollout-20")
    assert "\n" not in str(error.value)
    with pytest.raises(SystemExit, match=r"^peer-sample runs a real program: name a checkout"):
        run_here("bench", "--quick", "--rows", "peer-sample")


@pytest.mark.slow(reason="needs a checkout of another program")
@pytest.mark.skipif("SEQGAN_PEER" not in os.environ, reason="SEQGAN_PEER names no checkout of TextGAN-PyTorch")
def test_the_package_computes_what_a_real_program_computes(tmp_path):
    """In a process of its own: the program's modules have names such as config and utils."""
    import json

    rows = ("peer-rollout-20", "peer-sample", "peer-discriminator", "peer-likelihood")
    run("bench", "--quick", "--peer", os.environ["SEQGAN_PEER"], "--json", tmp_path / "bench.json", "--rows", *rows)
    assert json.loads((tmp_path / "bench.json").read_text())["rows"].keys() == set(rows)


def test_both_ways_to_multiply_are_compared(run_here, tmp_path, capsys):
    """The script itself asserts that both give the same sums; which is the faster one, tiny sizes do not say."""
    import torch

    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch has no oneDNN here")
    run_here("bench", "--products", "--quick", "--threads", "1", "--table", tmp_path / "products.md")
    page = (tmp_path / "products.md").read_text()
    assert "| highway-64: highway of a discriminator's update | `linear` | 4 x 107 x 107 |" in page
    assert f"torch {torch.__version__}: oneDNN wins" in page
    assert capsys.readouterr().out == page


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(1.5, "oneDNN is 1.50 times as fast"), (0.5, "torch's way is 2.00 times as fast"), (1.04, "torch has caught up")],
)
def test_a_product_is_concluded_on_by_its_ratio(monkeypatch, ratio, said):
    monkeypatch.syspath_prepend(SCRIPTS)
    from benchmarks.product_shapes import conclusion

    assert conclusion({"ratio": ratio, "given_to_onednn": True}) == f"{said}; taken here"
    assert conclusion({"ratio": ratio, "given_to_onednn": False}) == f"{said}; left to torch here"


def test_a_processor_is_described_by_its_units(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    from benchmarks.timing import cpuinfo, processor_units

    core = "processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: fpu avx2 avx512f amx_tile\n"
    assert cpuinfo(2 * core, "model name") == ["Some Processor"] * 2
    assert processor_units(2 * core) == ["avx2", "avx512f", "amx_tile"]
    assert processor_units("") == []


@pytest.mark.slow(reason="times some axes")
def test_growth_is_measured(run_here, tmp_path):
    axes = ("round over rollouts", "likelihood over sentences", "evaluation over length", "Self-BLEU over sentences")
    run_here("growth", "--quick", "--out", tmp_path, "--axes", *axes)
    _, _, *rows = [line for line in (tmp_path / "growth.md").read_text().splitlines() if line.startswith("|")]
    assert [line.split(" | ")[:2] for line in rows] == [
        ["| round over rollouts", "2, 6"],
        ["| likelihood over sentences", "100, 316"],
        ["| evaluation over length", "5, 16"],
        ["| Self-BLEU over sentences", "2000, 6325"],
    ]


def test_an_exponent_is_the_slope_of_the_medians(monkeypatch):
    """Sizes 1, 10 and 100 with medians 2, 200 and 20,000: 2. Repetitions apart by a factor of 10 at one end alone
    move the slope, a half a decade for each, by at most 1/2."""
    monkeypatch.syspath_prepend(SCRIPTS)
    from benchmarks.growing import AXES, exponent, fitted, last_decade

    assert exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    sure = fitted([1, 10, 100], [[2.0] * 3, [200.0] * 3, [20_000.0] * 3])
    assert (sure["exponent"], *sure["interval"]) == pytest.approx((2, 2, 2))
    unsure = fitted([1, 10, 100], [[2.0] * 3, [200.0] * 3, [2000.0, 20_000.0, 200_000.0]])
    low, high = unsure["interval"]
    assert unsure["exponent"] == pytest.approx(2)
    assert 1.5 - 1e-9 <= low < 2 < high <= 2.5 + 1e-9
    assert last_decade([4, 13, 40, 126, 400]) == 3
    # All completions of 400 tokens: 100 times as many tokens take 100 squared as long, less the parts that do not grow.
    axis = AXES["round over length"]
    assert 1.9 < exponent(axis.sizes[-2:], [axis.count(size) for size in axis.sizes[-2:]]) < 2.01
    # Two decades of each.
    assert all(100 * axis.sizes[0] - 100 <= axis.sizes[-1] for axis in AXES.values())


def test_the_speed_up_on_paper_is_that_of_the_formula(monkeypatch):
    """4 seconds alone; 2 and half a second of messages in each of two: nothing is done again, and 125 MB are sent."""
    monkeypatch.syspath_prepend(SCRIPTS)
    tables = runpy.run_path(str(SCRIPTS / "scaling"))["tables"]
    alone = {"seconds": 4.0, "in messages": 0.0, "messages": 0, "bytes": 0}
    one_of_two = {"seconds": 2.5, "in messages": 0.5, "messages": 0, "bytes": 125e6}
    lines = tables({1: {"update": alone}, 2: {"update": one_of_two}}).splitlines()
    assert "| update | 2 | 1.60 | 20.0% | 0 | 125.00 |" in lines
    # At 125 MB a second 4 / (4 / W + 2 (W - 1) / W): 4 / 3, 4 / 2.5, 4 / 2.25, 4 / 2.125.
    assert "| update | 1 Gbit/s | 1.3 | 1.6 | 1.8 | 1.9 |" in lines


@pytest.mark.slow(reason="trains, and trains again after each fault")
@pytest.mark.timeout(600)
def test_disturbed_trainings_end_with_the_same_bytes(tmp_path):
    run("soak", "--faults", 8, "--jobs", 2, "--only", "pretrain-words", "gsgan", "--out", tmp_path / "soak.md")
    all_of_them = next(
        line
        for line in (tmp_path / "soak.md").read_text().splitlines()
        if line.startswith("| all | ") and "tried" not in line
    )
    _, _, tried, survived, lost, _ = (cell.strip() for cell in all_of_them.split("|"))
    assert int(tried) == int(survived) >= 8
    assert int(lost) == 0


@pytest.mark.slow(reason="starts commands and disturbs them")
@pytest.mark.timeout(600)
def test_commands_hold_under_hard_circumstances(tmp_path):
    run("hardships", "--quick", "--out", tmp_path / "hardships.md")
    lines = (tmp_path / "hardships.md").read_text().splitlines()
    kinds = ("sharing", "vanishing", "signals", "read-only", "worlds", "clock")
    assert [line for line in lines if line.startswith(tuple(f"| {kind} |" for kind in kinds))] == [
        f"| {kind} | 1 | 1 | 0 |" for kind in kinds
    ]


def test_what_counts_as_flat(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    script = runpy.run_path(str(SCRIPTS / "long_run"))
    steps = list(range(0, 10_001, 250))
    noise = [1000 * (step % 3) for step in steps]
    for a_step, flat in ((0, True), (100, True), (300, False)):  # 1 MiB over 5,000 steps is 210 bytes a step
        result = {"steps": steps, "bytes": [10**8 + a_step * n + x for n, x in zip(steps, noise, strict=True)]}
        assert script["is_flat"]({**result, "files": [5] * len(steps)}) == flat
        assert abs(script["growth"](result) - 5000 * a_step) < 2000
        assert not script["is_flat"]({**result, "files": [*[5] * (len(steps) - 1), 6]})


def test_records_are_made_by_the_commands_of_their_pages(tmp_path, capsys):
    names = runpy.run_path(str(SCRIPTS / "records"))
    page = """# Other

```sh
seqgan other
```

# Ours

```sh
export SEEN=yes
seqgan a --long \\
  here    # a remark
for algo in b c; do
  seqgan $algo --run runs/$algo
done
```

```text
seqgan is a word
```

```yaml
trials: 2
```

## Theirs

```sh
seqgan theirs
```
"""
    commands = names["commands_in"](page, "Ours")
    assert commands[0] == "cat > sweep.yaml <<'END'\ntrials: 2\nEND"
    assert [command.split() for command in commands[1:]] == [
        ["export", "SEEN=yes"],
        ["seqgan", "a", "--long", "here"],
        ["seqgan", "b", "--run", "runs/b"],
        ["seqgan", "c", "--run", "runs/c"],
    ]
    for page, heading in names["RECORDS"].values():
        assert names["commands_in"]((SCRIPTS / "results" / page).read_text(), heading)

    (tmp_path / "corpora" / "image_coco").mkdir(parents=True)
    (tmp_path / "corpora" / "image_coco" / "test.txt").write_text("a dog\n")
    counted = ["export SEEN=yes", "echo $SEEN >> count; cat captions/test.txt", "wc -l < count"]
    for _ in range(2):  # what is done is not done again
        names["make"](tmp_path / "ours", counted, tmp_path / "corpora")
    transcript = (tmp_path / "ours" / "transcript.md").read_text()
    assert (tmp_path / "ours" / "count").read_text() == "yes\n"
    assert "$ wc -l < count\n1\n" in transcript
    assert "a dog\n" in transcript
    with pytest.raises(SystemExit, match="ours: false: exit code 1"):
        names["make"](tmp_path / "ours", ["false"], tmp_path / "corpora")
    assert not list((tmp_path / "ours").glob(".done-*false*"))
