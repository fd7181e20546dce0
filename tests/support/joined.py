"""What several processes do together in the tests, and how they are started: as `torchrun` does, but quicker."""

import ctypes
import importlib
import itertools
import math
import multiprocessing
import os
import runpy
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec
import torch
import torch.distributed as dist

from seqgan import interrupt
from seqgan.algorithm_settings import shared_settings
from seqgan.build import build_discriminator, build_generator
from seqgan.decoding.sampling import Samples
from seqgan.errors import TrainingError
from seqgan.objectives import ALGORITHMS, SEQGAN, Relaxed, Sampled
from seqgan.runs.directory import Run
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.tensors.masking import mask_from_tokens
from seqgan.training import credit, keeping, optimizers, processes, relaxed, sampled, self_play
from seqgan.training.adversarial import make_players, train_adversarially
from seqgan.training.players import Players
from seqgan.training.skips import MOST, Skips
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, PRETRAIN, tiny_text
from support.tiny_pairs import make_discriminator, make_generator, tiny_pairs

pretraining = importlib.import_module("seqgan.training.pretrain")  # the module: the package has a function of its name


class Started:
    """Two processes, forked from one in which everything is imported already."""

    def __init__(self, processes_, said):
        self.processes, self.said = processes_, said

    def codes(self, seconds=200):
        """Their exit codes, once they have ended."""
        for process in self.processes:
            process.join(seconds)
        return [process.exitcode for process in self.processes]

    def texts(self):
        """What each has written to standard output and standard error."""
        return [path.read_text() for path in self.said]


@contextmanager
def several(folder, work, *arguments):
    """Start `work(*arguments)` in two processes.

    Args:
        folder: where they keep what they say.
        work: a function of this file.
        arguments: of it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.joined", "torch._dynamo"])
    # What a launcher has: a place where the processes find each other, which outlives them.
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=200))
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    shared |= {"TORCHELASTIC_USE_AGENT_STORE": "True"}
    said = [Path(folder) / f"said{rank}.txt" for rank in range(2)]
    started = Started([], said)
    for rank in range(2):
        told = {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        process = context.Process(target=_begin, args=(told, os.getcwd(), str(said[rank]), work.__name__, arguments))
        process.start()
        started.processes.append(process)
    try:
        yield started
    finally:
        for process in started.processes:
            process.kill()
            process.join()


def _begin(told, here, said, name, arguments):
    """What a started process does."""
    os.environ.update(told)
    os.chdir(here)
    torch.set_num_threads(1)
    with open(said, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stderr.reconfigure(line_buffering=True)
    globals()[name](*arguments)


def together(work, folder):
    """Call a function of this file in two processes at once, and see them end well."""
    with several(folder, work, str(folder)) as started:
        assert started.codes() == [0, 0], "\n".join(started.texts())


def command(*arguments):
    """`python -m seqgan`."""
    sys.argv = ["seqgan", *arguments]
    runpy.run_module("seqgan", run_name="__main__")


def command_that_hangs(how, place, *arguments):
    """The same, but the second process hangs in the midst of an epoch, once a file called `place` tells so.

    Args:
        how: "python", where handlers are called, or "library", where none is.
        place: the file.
        arguments: of the command.
    """
    interrupt.GRACE_SECONDS = 0.5
    interrupt.GUARD_SECONDS = 0.5 if how == "library" else 100.0
    updates, update = itertools.count(), pretraining.update

    def hanging(*of_update):
        if os.environ["RANK"] == "1" and next(updates) == 10:
            Path(place).touch()
            if how == "library":
                mutex = ctypes.create_string_buffer(256)  # unlocked; locked twice it waits for itself
                for _ in range(2):
                    ctypes.CDLL(None).pthread_mutex_lock(mutex)
            while True:
                time.sleep(0.1)
        return update(*of_update)

    pretraining.update = hanging
    command(*arguments)


# Updates: each of the numbers that are drawn is drawn for the whole batch, and a process takes its rows.


CASES = {
    **{name: {"algo": name, "pairs": name in ("csgan-nmt", "dialogue")} for name in ALGORITHMS},
    "uneven": {"algo": "maligan", "batch_size": 7, "discriminator_pool": 15},
    "fewer than processes": {"algo": "seqgan", "batch_size": 7, "discriminator_pool": 8},
    "mixed": {"algo": "maligan", "batch_size": 12, "group_size": 4, "real_prefix": 3, "baseline": "constant"},
    "groups": {"algo": "bgan", "group_size": 4},
    "one group": {"algo": "maligan", "group_size": 8, "real_prefix": 2, "baseline": "none"},
    "prefix": {"algo": "seqgan", "credit": "prefix"},
    "per token": {"algo": "reverse-kl", "credit": "token", "discount": 0.9, "per_token": True},
    "entropy": {"algo": "seqgan", "entropy_bonus": 0.1, "teacher_forcing_steps": 1, "clip_norm": 0.05},
    "uneven penalty": {"algo": "wgan-gp", "batch_size": 7},
    "stepping penalty": {"algo": "wgan-gp", "batch_size": 6, "steps": True, "teacher_helping": True},
    "lengths": {"algo": "wgan-gp", "batch_size": 7, "variable_length": True, "curriculum_rounds": 1},
    **{
        f"baseline {name}": {"algo": "seqgan", "baseline": name} for name in ("running-mean", "leave-one-out", "critic")
    },
    "baseline log-partition": {"algo": "bgan-reinforce", "baseline": "log-partition"},
    "pairs with a critic": {"algo": "csgan-nmt", "pairs": True, "discriminator_share": 0.7, "baseline": "critic"},
    "pairs in groups": {"algo": "bgan", "pairs": True, "group_size": 2, "batch_size": 6},
    "leash": {"algo": "seqgan", "kl_weight": 0.3, "batch_size": 7, "moved": True},
    "leash in rewards": {"algo": "maligan", "kl_weight": 0.3, "kl_estimator": "k1", "moved": True},
    "leash with pairs": {"algo": "csgan-nmt", "pairs": True, "kl_weight": 0.3, "moved": True},
    "standardized": {"algo": "seqgan", "standardize": True, "baseline": "none", "batch_size": 7},
    "standardized in groups": {"algo": "seqgan", "standardize": True, "group_size": 4, "baseline": "leave-one-out"},
    "smoothed, with replay": {"algo": "seqgan", "label_smoothing": 0.2, "replay_share": 0.5, "batch_size": 7},
    "pairs with replay": {"algo": "csgan-nmt", "pairs": True, "label_smoothing": 0.1, "replay_share": 0.5},
    "uneven self-play": {"algo": "spin", "batch_size": 7, "iteration_rounds": 1},
    "self-play of pairs": {"algo": "spin", "batch_size": 7, "pairs": True},
}


@cache
def _text(make, folder):
    return make(folder)


def players_of(case, folder):
    """Players of a case without dropout, in double precision where that can be."""
    case = dict(case)
    per_token, pairs, steps, moved = (case.pop(name, False) for name in ("per_token", "pairs", "steps", "moved"))
    algorithm = ALGORITHMS[case.pop("algo")]
    own = {name: case.pop(name) for name in algorithm.settings.__struct_fields__ if name in case}
    of_relaxed, of_sampled = isinstance(algorithm, Relaxed), isinstance(algorithm, Sampled)
    settings = msgspec.to_builtins(shared_settings(algorithm))
    settings |= {"batch_size": 8}
    if of_relaxed or of_sampled:
        settings |= {"discriminator_pool": 8, "discriminator_steps": 1, "warmup_optimizer": None}
    settings |= {"rollouts": 2, "rollout_update_rate": 0.0, **case} if of_sampled else case
    config = msgspec.convert(settings, type(ADVERSARIAL))
    if pairs:
        text = _text(tiny_pairs, folder)
        generator, discriminator = make_generator(text), make_discriminator(text, dropout=0.0)
    else:
        text = _text(tiny_text, folder)
        kind = "residual-conv" if algorithm.name.startswith("wgan") and not steps else "gru"
        made = GeneratorConfig(name=kind, embedding_size=8, hidden_size=12, dropout=0.0, initial_std=0.4, layers=1)
        generator = build_generator(made, text.vocabulary, text.max_length)
        generator.state_noise = 1.0 if steps else 0.0
        kind = "residual-conv" if of_relaxed else "rnn" if per_token else "cnn"
        judge = DiscriminatorConfig(
            name=kind, embedding_size=6, hidden_size=8, filters=0.05, dropout=0.0, per_token=per_token
        )
        discriminator = build_discriminator(judge, text.vocabulary, text.max_length)
    if not of_relaxed:
        generator, discriminator = generator.double(), discriminator.double()
    rng = torch.Generator().manual_seed(3)
    torch.manual_seed(4)  # of a critic's weights
    players = make_players(generator, discriminator, text, algorithm.with_settings(**own), config, rng)
    if config.baseline == "critic":
        players.baseline.critic.double()
    if moved:  # away from the reference
        with torch.no_grad():
            for number, weights in enumerate(generator.parameters()):
                weights.mul_(1 + 0.1 * (number % 3))
    if of_relaxed:
        # In single precision, where Adam would make steps out of gradients that are nothing but rounding.
        players.generator_optimizer = torch.optim.SGD(generator.parameters(), lr=1e-2)
        players.discriminator_optimizer = torch.optim.SGD(discriminator.parameters(), lr=1e-2)
    return players


class Fed:
    """Samples, completions and noise of a whole batch, of which a process is fed its rows."""

    def __init__(self, players, monkeypatch):
        self.players, self.part = players, None
        self.table = torch.Generator().manual_seed(5)
        players.own_rng = torch.Generator().manual_seed(7)
        self.updates = []
        for module in (sampled, relaxed, self_play):
            monkeypatch.setattr(module, "own_part", self.own_part)
        for module in (sampled, self_play):
            monkeypatch.setattr(module, "sample", self.sample)
        monkeypatch.setattr(credit, "rollout", self.rollout)
        for name in ("rand", "randn"):
            monkeypatch.setattr(torch, name, self.numbers(getattr(torch, name)))
        monkeypatch.setattr(optimizers, "sum_gradients", self.sum_gradients)

    def own_part(self, rows, each=1):
        self.rows, self.part = rows, processes.own_part(rows, each)
        return self.part

    def sample(self, generator, rows, max_length, context=None, *, rng, prefix=None):
        """Random tokens, all rows of them on each process."""
        tokens = torch.randint(generator.vocabulary_size, (self.rows, max_length), generator=self.table)[self.part.rows]
        if prefix is not None:
            tokens[:, : prefix.shape[1]] = prefix
        mask = mask_from_tokens(tokens, generator.end)
        return Samples(tokens.masked_fill(~mask, generator.end), mask)

    def rollout(self, policy, reward, samples, rollouts, context=None, *, rng, memory, given):
        """Completions that are made of a row alone."""
        tokens, _ = samples
        positions = torch.arange(tokens.shape[1])
        values = []
        for number, last in itertools.product(range(rollouts), range(tokens.shape[1])):
            other = (tokens * (number + 3) + positions * 5 + last) % policy.vocabulary_size
            made = torch.where(positions <= last, tokens, other)
            values.append(reward(made, mask_from_tokens(made, policy.end), torch.arange(len(tokens))))
        return torch.stack(values).unflatten(0, (rollouts, -1)).transpose(1, 2)  # [N, B, T]

    def numbers(self, draw):
        def of_own_rows(*size, generator=None, **options):
            if generator is not self.players.own_rng:
                return draw(*size, generator=generator, **options)
            first, *rest = size[0] if isinstance(size[0], torch.Size) else size
            assert first == self.part.size
            return draw(self.rows, *rest, generator=generator, **options)[self.part.rows]

        return of_own_rows

    def sum_gradients(self, model):
        """The last that is done before a step is made."""
        processes.sum_gradients(model)
        self.updates.append([None if value.grad is None else value.grad.clone() for value in model.parameters()])


def updates_of_all_cases(folder):
    """For each case the gradients of all updates of a warm-up and two rounds, or self-play's three; what is logged."""
    import pytest

    results = {}
    for name, case in CASES.items():
        with pytest.MonkeyPatch.context() as monkeypatch:
            players = players_of(case, folder)
            fed = Fed(players, monkeypatch)
            alone = players.warmed_up  # self-play
            values = [] if alone else [players.warm_up_discriminator()]
            values += [players.play_round() for _ in range(3 if alone else 2)]
            logged = [{key: value for key, value in each.items() if key != "seconds"} for each in values]
            results[name] = {"updates": fed.updates, "logged": logged}
    return results


def updates(folder):
    """Save what each process makes of all cases."""
    with processes.joined(torch.device("cpu")):
        mine = Path(folder) / f"text{processes.rank()}"
        mine.mkdir()
        torch.save(updates_of_all_cases(mine), Path(folder) / f"updates{processes.rank()}.pt")
        torch.save(batches_left_out(), Path(folder) / f"left_out{processes.rank()}.pt")


def batches_left_out():
    """A batch whose loss is finite, then those of which the first process's part is not; what was counted and said."""
    torch.manual_seed(6)
    model, skips = torch.nn.Linear(3, 1), Skips("generator")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    values, weights, said = [], [], ""
    for broken in [False] + [True] * MOST:
        loss = model(torch.ones(1, 3)).sum() * (math.nan if broken and processes.is_first() else 1.0)
        try:
            values.append(optimizers.update(model, optimizer, loss, skips=skips))
        except TrainingError as error:
            said = str(error)
        weights.append(model.weight.detach().clone())
    return {"values": torch.tensor(values), "weights": torch.stack(weights), "skips": skips.state(), "said": said}


# Whole trainings.


class Stop(Exception):
    """Ends a training at the same place in all processes."""


class After(interrupt.Stop):
    """Asks to leave at the `count`-th safe place; of the processes one does."""

    def __init__(self, rank, count):
        super().__init__()
        self.left = count if rank == processes.rank() else 0

    def asked(self):
        self.left -= 1
        return self.left == 0


def trained(folder, text, name, stop=(), resume=False):
    """Pretraining and adversarial training into the folder; stopped before an epoch or a round if `stop` names one, or
    left after so many safe places of a phase because one process is asked to, or sent back to the best checkpoint."""
    import pytest

    runs = [Run(folder / f"{name}-{kind}", RunConfig(generator=GENERATOR), *text.symbols) for kind in ("mle", "gan")]
    for run in runs:
        run.folder.mkdir(exist_ok=True)
    # Other weights on other processes: all begin with the first one's.
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length, seed=processes.rank())
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length, processes.rank())

    def judge(rounds):
        assert processes.is_first()
        return {"eval/weight": next(generator.parameters()).sum().item()}

    def train_epoch(*arguments, epoch, **options):
        if stop == ("epoch", epoch):
            raise Stop
        return whole_epoch(*arguments, epoch=epoch, **options)

    def play_round(players):
        if stop == ("round", players.rounds):
            raise Stop
        if stop == ("collapse", players.rounds) and not collapses:
            collapses.append(players.rounds)
            raise TrainingError("As if training had diverged.")
        return whole_round(players)

    collapses = []
    whole_epoch, whole_round = pretraining.train_epoch, Players.play_round
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pretraining, "train_epoch", train_epoch)
        monkeypatch.setattr(Players, "play_round", play_round)
        monkeypatch.setattr(keeping, "AGREE_SECONDS", 0.0)  # at each safe place
        asked = {kind: After(*stop[1:]) for kind in ("mle", "gan") if stop[:1] == (kind,)}
        options = {"seed": 5, "resume": resume}
        result = pretraining.pretrain(generator, text, PRETRAIN, run=runs[0], stop=asked.get("mle"), **options)
        answer = "restore" if stop[:1] == ("collapse",) else "warn"
        config = msgspec.structs.replace(ADVERSARIAL, evaluate_every=2, on_collapse=answer)
        options |= {"run": runs[1], "judge": judge, "stop": asked.get("gan")}
        train_adversarially(generator, discriminator, text, SEQGAN, config, **options)
    return tuple(result)[:3], generator.state_dict(), discriminator.state_dict()


def trainings(folder):
    """A whole training; those that are stopped twice and go on; those that are stopped and left."""
    folder = Path(folder)
    own = folder / f"text{os.environ['RANK']}"
    own.mkdir()
    text = tiny_text(own)
    with processes.joined(torch.device("cpu")):
        results = {"whole": trained(folder, text, "whole")}
        for name, stop, resume in (
            ("broken", ("epoch", 3), False),
            ("broken", ("round", 3), True),
            ("left", ("round", 3), False),
            ("asked", ("mle", 1, 11), False),
            ("asked", ("gan", 0, 4), True),
            ("half", ("mle", 1, 11), False),
        ):
            try:
                trained(folder, text, name, stop, resume)
                raise AssertionError(f"{name} was not stopped")
            except Stop:
                pass
            except interrupt.Interrupted as left:
                # Seven batches and the end of the first epoch; or the fourth pool of the warm-up.
                place = "epoch 1 and 3 batches of the next" if stop[0] == "mle" else "4 warm-up pools and 0 rounds"
                said = f"A training state is saved after {place}."
                if str(left) != said:
                    raise AssertionError(f"{left} instead of {said}") from left
        for name in ("broken", "asked"):
            results[name] = trained(folder, text, name, resume=True)
        results["collapsed"] = trained(folder, text, "collapsed", ("collapse", 2))
        torch.save(results, folder / f"trained{processes.rank()}.pt")
