"""Bad files of settings, and bad settings on the command line: told in one line before any memory is taken for them."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bad_inputs.cases import EITHER, FINE, Case
from bad_inputs.texts import GOOD, PRETRAIN, SMALL, no_run, text

YAML: dict[str, str | bytes] = {
    "empty": "",
    "a comment alone": "# nothing\n",
    "null": "null\n",
    "a number": "3\n",
    "a list": "- data\n- generator\n",
    "a text": "generator\n",
    "several documents": "seed: 1\n---\nseed: 2\n",
    "an unknown section": "genrator:\n  layers: 2\n",
    "an unknown key": "generator:\n  layer: 2\n",
    "a section that is a number": "generator: 3\n",
    "a section that is a list": "generator: [1, 2]\n",
    "an empty section": "generator:\n",
    "a key that is a number": "3: 4\n",
    "a key that is a list": "? [1, 2]\n: 3\n",
    "a key that is a mapping": "? {a: 1}\n: 3\n",
    "a key twice": "seed: 1\nseed: 2\n",
    "a key twice below": "generator:\n  layers: 1\n  layers: 2\n",
    "a text for a number": "generator:\n  layers: many\n",
    "a float for a number": "generator:\n  layers: 1.5\n",
    "true for a number": "generator:\n  layers: true\n",
    "a list for a number": "generator:\n  layers: [1]\n",
    "a number for a text": "data:\n  tokenizer: 3\n",
    "null for a number": "generator:\n  layers: null\n",
    "NaN": "pretrain:\n  learning_rate: .nan\n",
    "infinity": "pretrain:\n  clip_norm: .inf\n",
    "minus infinity": "adversarial:\n  baseline_value: -.inf\n",
    "NaN of the other player": "adversarial:\n  baseline_value: .nan\n",
    "a negative size": "generator:\n  hidden_size: -5\n",
    "no size": "generator:\n  hidden_size: 0\n",
    "a huge size": "generator:\n  hidden_size: 1000000000000\n",
    "a number of 5,000 digits": f"seed: {'9' * 5000}\n",
    "a hexadecimal number of 5,000 digits": f"seed: 0x{'f' * 5000}\n",
    "a huge exponent": "pretrain:\n  learning_rate: 1e99999\n",
    "a seed beyond 64 bits": "seed: 99999999999999999999\n",
    "a negative seed": "seed: -1\n",
    "a date that is none": "seed: 2024-99-99\n",
    "a time that is none": "seed: 2001-12-14 99:99:99\n",
    "binary that is none": "seed: !!binary '*'\n",
    "a tag of an object": "!!python/object/apply:os.mkdir ['ran']\n",
    "a tag of a name": "seed: !!python/name:os.system\n",
    "a tag of a module": "seed: !!python/module:os\n",
    "an unknown tag": "seed: !thing 3\n",
    "a set": "seed: !!set {a, b}\n",
    "an alias": "a: &x 1\nseed: *x\n",
    "an alias of itself": "generator: &x\n  layers: *x\n",
    "a merge key": "a: &x {layers: 1}\ngenerator:\n  <<: *x\n",
    "a billion laughs": "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    "nested 5,000 lists deep": "[" * 5000 + "]" * 5000,
    "nested 5,000 mappings deep": "".join(f"{' ' * i}a:\n" for i in range(400)),
    "a bracket that is not closed": "generator: [1, 2\n",
    "a tab as indent": "generator:\n\tlayers: 1\n",
    "a quote that is not closed": 'seed: "1\n',
    "a percent directive": "%YAML 9.9\n---\nseed: 1\n",
    "not UTF-8": b"seed: \xff\n",
    "UTF-16": "seed: 1\n".encode("utf-16"),
    "NUL": b"seed: 1\0\n",
    "an escape sequence": 'generator:\n  name: "\\e]0;title\\a"\n',
    "a NUL in a name": 'data:\n  corpus: "a\\0b"\n',
    "half a surrogate in a name": 'data:\n  corpus: "\\ud800"\n',
    "a megabyte": f"# {'x' * 1_000_000}\nseed: 1\n",
    "another format": "format: 2\n",
    "a format that is no number": "format: new\n",
    "a generator of no name": "generator:\n  name: ''\n",
    "an unknown generator": "generator:\n  name: lstmm\n",
    "a generator from noise": "generator:\n  name: residual-conv\n",
    "heads that divide nothing": "generator:\n  name: transformer\n  heads: 7\n",
    "tied sizes that differ": "generator:\n  tied: true\n  embedding_size: 3\n",
    "greedy without noise": "generator:\n  greedy: true\n",
    "noise in a transformer": "generator:\n  name: transformer\n  state_noise: 1.0\n",
    "an unknown tokenizer": "data:\n  tokenizer: wordss\n",
    "an unknown way with long ones": "data:\n  too_long: fold\n",
    "a million layers": "generator:\n  layers: 1000000\n",
    "a text of a thousand letters": f"generator:\n  layers: {'x' * 1000}\n",
    "pieces and a count": "data:\n  tokenizer: sentencepiece\n  min_count: 3\n",
    "no token left": "data:\n  min_count: 1000000\n",
    "one token kept": "data:\n  max_vocabulary: 1\n",
    "too many pieces": "data:\n  tokenizer: sentencepiece\n  pieces: 99999999999\n",
    "too many ids": "data:\n  tokenizer: ids\n  max_vocabulary: 999999999999\n",
    "terabytes of an LSTM": "generator:\n  hidden_size: 1000000\n",
    "terabytes of a transformer": "generator:\n  name: transformer\n  embedding_size: 800000\n  layers: 900\n",
    "terabytes of positions": "data:\n  max_length: 1000000\ngenerator:\n  name: transformer\n  embedding_size: 1000000\n",
    "terabytes of embeddings": "generator:\n  embedding_size: 1000000\n  hidden_size: 200000\n",
}
READABLE_YAML: dict[str, str | bytes] = {
    "byte-order mark": b"\xef\xbb\xbfseed: 1\n",
    "CRLF": "seed: 1\r\ngenerator:\r\n  layers: 1\r\n",
    "exponents": "pretrain:\n  learning_rate: 1e-3\n",
    "a whole file of nothing new": "seed: 0\nformat: 1\n",
    "settings of the other command": "adversarial:\n  rounds: 3\ndiscriminator:\n  filters: 0.1\n",
    "the other players empty": "adversarial: null\ndiscriminator: null\n",
}
TOML: dict[str, str | bytes] = {
    "a key twice": "seed = 1\nseed = 2\n",
    "no value": "seed =\n",
    "a table twice": "[generator]\nlayers = 1\n[generator]\n",
    "YAML in a TOML file": "seed: 1\n",
    "an unknown key": "[generator]\nlayer = 2\n",
    "NaN": "[pretrain]\nlearning_rate = nan\n",
    "infinity": "[pretrain]\nclip_norm = inf\n",
    "a date": "seed = 1979-05-27\n",
    "nested 5,000 deep": f"a = {'[' * 5000}{']' * 5000}\n",
    "a number of 5,000 digits": f"seed = {'9' * 5000}\n",
    "not UTF-8": b"seed = \xff\n",
    "a list of tables": "[[generator]]\nlayers = 1\n",
}
FLAGS = {
    "NaN": ["--pretrain.learning-rate", "nan"],
    "infinity": ["--pretrain.clip-norm", "inf"],
    "a negative rate": ["--pretrain.learning-rate", "-1"],
    "no layers": ["--generator.layers", "0"],
    "a word for a number": ["--generator.layers", "two"],
    "a huge batch": ["--pretrain.batch-size", "99999999999999"],
    "a huge length": ["--data.max-length", "99999999999999"],
    "a seed beyond 64 bits": ["--seed", "18446744073709551616"],
    "a dropout of one": ["--generator.dropout", "1"],
    "no epochs": ["--epochs", "0"],
    "an unknown preset": ["--preset", "nobody"],
    "no such config": ["--config", "none.yaml"],
    "a folder as config": ["--config", "."],
    "an unknown device": ["--device", "tpu"],
    "resume and overwrite": ["--resume", "--overwrite"],
    "resume of nothing": ["--resume"],
    "terabytes": ["--generator.hidden-size", "900000"],
}


def cases() -> Iterator[Case]:
    for name, content in YAML.items():
        corpus = [] if name.endswith("in a name") else ["--corpus", "good.txt"]
        arguments = ["pretrain", *corpus, "--config", "s.yaml", "--epochs", "1", "--quiet", "--run", "made"]
        codes = EITHER if name in ("a percent directive", "a megabyte") else (2,)
        yield Case("settings", f"YAML: {name}", _files("s.yaml", content), arguments, codes, check=_unmade(codes))
    for name, content in READABLE_YAML.items():
        arguments = [*PRETRAIN, "good.txt", "--config", "s.yaml", *SMALL]
        yield Case("settings", f"YAML: {name}", _files("s.yaml", content), arguments, FINE)
    for name, content in TOML.items():
        arguments = [*PRETRAIN, "good.txt", "--config", "s.toml", *SMALL]
        yield Case("settings", f"TOML: {name}", _files("s.toml", content), arguments, check=no_run)
    for name, flags in FLAGS.items():
        arguments = [*PRETRAIN, "good.txt", "--quiet", "--run", "made", *flags]
        yield Case("settings", f"flag: {name}", _files("s.yaml", ""), arguments, check=no_run)
    for command in ("adversarial", "plan"):
        for name in ("a billion laughs", "a key twice", "an unknown key", "a list", "a tag of an object", "NaN"):
            arguments = [command, "--config", "s.yaml", "--corpus", "good.txt", "--quiet"]
            arguments += ["--algo", "wgan-gp"] if command == "adversarial" else []
            yield Case("settings", f"{command}: {name}", _files("s.yaml", YAML[name]), arguments)


def _unmade(codes: tuple[int, ...]) -> Callable[[Path], str] | None:
    return no_run if codes == (2,) else None


def _files(name: str, content: str | bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "good.txt").write_bytes(text(GOOD))
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make
