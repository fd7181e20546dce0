"""The file of a sweep: what it may say, and what is said of mistakes in it."""

import msgspec
import pytest
from support.tiny_sweeps import sweep_of

from seqgan.errors import ConfigError
from seqgan.metrics.metric import direction
from seqgan.sweeps.file import OF_PRETRAINING, keep, of_rounds, read_sweep_file
from seqgan.sweeps.slurm import parameters_of

WHOLE = """
command: both
space:
  adversarial.rollouts: [4, 16]
objective: bleu-4
"""


def written(folder, text, name="mine.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def test_defaults_and_whole_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a b\n")
    sweep = read_sweep_file(written(tmp_path, WHOLE + "config: {data: {corpus: mine.txt, min_count: 2}}\n"))
    assert sweep.objectives == ("bleu-4",)
    assert sweep.signs == (1,)
    assert sweep.seeds == (0, 1, 2)
    assert sweep.settings == {"data": {"corpus": str(tmp_path / "mine.txt"), "min_count": 2}}


def test_folders_of_models_have_whole_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "config: {data: {tokenizer_path: gpt2}, generator: {path: gpt2}, discriminator: {path: 'hf:a/b'}}\n"
    sweep = read_sweep_file(written(tmp_path, WHOLE + text))
    gpt2 = str(tmp_path / "gpt2")
    assert sweep.settings == {
        "data": {"tokenizer_path": gpt2},
        "generator": {"path": gpt2},
        "discriminator": {"path": "hf:a/b"},
    }


def test_toml_and_a_file_of_settings(tmp_path):
    settings = written(tmp_path, "adversarial: {batch_size: 8}\n", "config.yaml")
    text = f'objective = ["bleu-4", "self-bleu-4"]\nrun = "/runs/x"\nconfig = "{settings}"\n'
    text += '[space]\n"adversarial.rollouts" = {low = 1, high = 4}\n'
    sweep = read_sweep_file(written(tmp_path, text, "mine.toml"))
    assert sweep.settings == {"adversarial": {"batch_size": 8}}
    assert sweep.signs == (1, -1)
    assert sweep.run == "/runs/x"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("config: {data: 3}", "config.data is 3, expected settings by their names"),
        ("space: {1: [2]}", "space has a key that is no text"),
        ("1: 2", "it has a key that is no text"),
        ("trails: 3", "unknown key 'trails'. Did you mean 'trials'?"),
        ("trials: 0", "trials is 0, expected int >= 1"),
        ("seeds: [0, 0]", "none twice"),
        ("seeds: []", "at least one"),
        ("seeds: [a]", "seeds[0] is 'a'"),
        ("sampler: tpr", "sampler is 'tpr'. Did you mean 'tpe'?"),
        ("command: train", "command is 'train'"),
        ("objective: bleu-44", "Did you mean 'bleu-4'?"),
        ("objective: [bleu-4, bleu-4]", "none twice"),
        ("objective: [bleu-4, self-bleu-4]\npruner: median", "several"),
        ("objective: perplexity\ncommand: both", "does not judge"),
        ("objective: nll\nspace: {data.min_count: [1, 2]}", "do not compare"),
        ("run: runs/x", "leave it out"),
        ("slurm: {partition: x}", "cluster is local"),
        ("cluster: slurm\ngpus: [0]", "slurm.gpus_per_node"),
        (
            "cluster: slurm\nslurm: {partitoin: gpu}",
            "not what a file may have a job ask for. Did you mean 'partition'?",
        ),
        (
            "cluster: slurm\nslurm: {setup: ['true']}",
            "slurm.setup is not what a file may have a job ask for. Choose timeout_min,",
        ),
        ("cluster: slurm\nslurm: {additional_parameters: {output: x}}", "slurm.additional_parameters is not what"),
        ("cluster: slurm\nslurm: {mail_user: a@b}", "slurm.mail_user is not what"),
        ("cluster: slurm\nslurm: {slurm_partition: gpu}", "slurm.slurm_partition is not what"),
        ("cluster: slurm\nslurm: {timeout_min: true}", "slurm.timeout_min is True, expected a whole number"),
        ("cluster: slurm\nslurm: {mem_gb: 8 --output=x}", "slurm.mem_gb is '8 --output=x', expected a whole number"),
        ("cluster: slurm\nslurm: {partition: gpu --wait}", "slurm.partition is 'gpu --wait', expected a name"),
        ("cluster: slurm\nslurm: {name: 'a%j'}", "slurm.name is 'a%j', expected a name"),
        ('cluster: slurm\nslurm: {gres: "a\\nb"}', r"slurm.gres is 'a\nb', expected a name"),
        ("cluster: slurm\nslurm: {nodelist: --wait}", "slurm.nodelist is '--wait', expected a name"),
        ("space: {}", "space is empty"),
        ("config: no-such.yaml", "No such file"),
    ],
)
def test_mistakes_are_one_line(tmp_path, change, said):
    kept = [
        line
        for line in WHOLE.split("\n")
        if line.partition(":")[0] not in {c.split(":")[0] for c in change.split("\n")}
    ]
    if "space:" in change:
        kept = [line for line in kept if not line.startswith("  ")]
    path = written(tmp_path, "\n".join([*kept, change]) + "\n")
    with pytest.raises(ConfigError) as error:
        read_sweep_file(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_keys_are_named(tmp_path):
    with pytest.raises(ConfigError, match="'objective' is missing"):
        read_sweep_file(written(tmp_path, "space: {adversarial.rollouts: [1]}\n"))


def test_all_objectives_have_a_direction():
    assert all(direction(name) for name in (*OF_PRETRAINING, *of_rounds()))


def test_a_sweep_goes_on_only_as_it_was_begun(tmp_path):
    folder, sweep = tmp_path / "sweep", sweep_of()
    keep(sweep, folder, tmp_path / "mine.yaml")
    more = msgspec.structs.replace(sweep, trials=9, workers=3)
    keep(more, folder, tmp_path / "mine.yaml")
    assert read_sweep_file(folder / "sweep.yaml") == more
    with pytest.raises(ConfigError, match=r"seeds is .* was begun with"):
        keep(sweep_of(seeds=[0]), folder, tmp_path / "mine.yaml")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("")
    with pytest.raises(ConfigError, match="is no sweep"):
        keep(sweep, tmp_path / "other", tmp_path / "mine.yaml")


def test_what_jobs_of_clusters_ask_for(tmp_path):
    asked = "timeout_min: 600, cpus_per_task: 4, gpus_per_node: 1, mem_gb: 16, name: mine, partition: gpu, qos: low"
    names = "account: group.a, constraint: a100&ib, gres: 'gpu:a100:2', nodelist: 'node[01-04]', exclude: 'n1,n2'"
    sweep = read_sweep_file(written(tmp_path, WHOLE + f"cluster: slurm\nslurm: {{{asked}, {names}}}\n"))
    assert sweep.slurm["constraint"] == "a100&ib"
    assert parameters_of(sweep.slurm)["slurm_partition"] == "gpu"
    assert parameters_of({"timeout_min": 3, "name": "x"}) == {"timeout_min": 3, "name": "x"}
