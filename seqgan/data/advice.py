"""From the numbers of an inspected corpus to sentences: what is wrong with it, and which settings suit it."""

from dataclasses import dataclass

from seqgan.data.batches import LONGEST_AUTOMATIC
from seqgan.data.inspection import Alike, Inspection, Leak

MANY_COPIES = 0.05
"""Share of sentences that occurred before from which it is said what they do."""
MANY_UNKNOWN = 0.02
"""Share of held-out tokens outside the vocabulary from which subwords are advised."""
STICKING = 0.005
"""Share of the tokens with punctuation at their end from which a text is taken for not tokenized."""
LOST_BY_THRESHOLD = 0.01
"""Share of the training tokens that a threshold may make unknown."""
LARGE_VOCABULARY = 5_000
"""Distinct tokens from which a threshold is worth it."""
FEW_HELD_OUT = 500
"""Sentences below which held-out numbers are coarse."""
STEADY_GROWTH = 0.8
"""Exponent of the vocabulary's growth from which it does not level off."""
KEPT_PERCENT = 99
"""Sentences that the advised greatest length keeps whole."""


@dataclass(frozen=True)
class Finding:
    """Something about a corpus that its user should know."""

    level: str
    """``problem``: numbers will mislead until it is mended; ``warning``: look at it; ``note``: good to know."""
    name: str
    """Which, in a word."""
    text: str
    """What was found."""
    mend: str
    """What to do."""


@dataclass(frozen=True)
class Setting:
    """An advised setting."""

    flag: str
    """As the commands take it; empty where the default is right."""
    text: str
    """What it is, and why."""


def findings(found: Inspection) -> list[Finding]:
    """What is wrong with a corpus, the worst first."""
    result = [_alike(pair) for pair in found.alike]
    whole = {(pair.first, pair.second) for pair in found.alike}
    noun = "sentence" if found.pairs is None else "pair"
    result += [
        _leak(leak, noun, drawn=found.split_off and (leak.of, leak.split) == ("train", "valid"))
        for leak in found.leaks
        if (leak.of, leak.split) not in whole
    ]
    for odd in found.odd:
        worst = odd.kind in ("replacement character", "surrogate", "wrongly decoded UTF-8")
        which = f" ({', '.join(odd.characters)})" if odd.characters else ""
        result.append(
            Finding(
                "problem" if worst else "warning",
                odd.kind,
                f"{_many(odd.sentences, 'sentence')} with {odd.kind}{which}, the first in {odd.where}.",
                _mend_of(odd.kind),
            )
        )
    if found.mixed_scripts_count:
        result.append(
            Finding(
                "warning",
                "mixed scripts",
                f"{_many(found.mixed_scripts_count, 'word')} with letters of two scripts that look alike.",
                "Look at them: one is probably a Latin letter in the place of a Cyrillic or Greek one, or the reverse.",
            )
        )
    for name, split in found.splits.items():
        share = split.copies / split.sentences
        if split.copies:
            result.append(
                Finding(
                    "warning" if share >= MANY_COPIES else "note",
                    f"copies in {name}",
                    f"{split.copies:,} of {_many(split.sentences, f'{name} {noun}')} ({_percent(share)}) occurred "
                    "before.",
                    "Frequent sentences are learnt by heart and count as copied; leave copies out unless their "
                    "frequency is meant.",
                )
            )
    sticking = found.punctuation
    if sticking.share >= STICKING:
        result.append(
            Finding(
                "warning",
                "punctuation",
                f"{_percent(sticking.share)} of the tokens are words with punctuation at their end; {sticking.both:,} "
                "of the distinct ones also occur without it.",
                "Put spaces around punctuation, as tokenizers such as sacremoses do, or use --tokenizer sentencepiece.",
            )
        )
    result += _held_out(found)
    if found.pairs is not None:
        result += [_shared(found, name) for name in found.pairs.known if found.pairs.known[name]]
    if found.pairs is not None and any(found.pairs.identical.values()):
        listed = ", ".join(f"{count:,} in {name}" for name, count in found.pairs.identical.items() if count)
        result.append(
            Finding("warning", "identical pairs", f"Pairs whose source is their target: {listed}.", "Leave them out.")
        )
    order = ("problem", "warning", "note")
    return sorted(result, key=lambda finding: order.index(finding.level))


def advice(found: Inspection) -> list[Setting]:
    """Settings that suit a corpus."""
    train = found.splits["train"]
    settings = [_tokenizer(found)]
    if found.tokenizer == "words" and found.vocabulary > LARGE_VOCABULARY:
        fitting = [each for each in found.thresholds if each.unknown["train"] <= LOST_BY_THRESHOLD]
        best = fitting[-1]
        if best.min_count > 1:
            settings.append(
                Setting(
                    f"--data.min-count {best.min_count}",
                    f"{best.vocabulary:,} of {found.vocabulary:,} words, and {_percent(best.unknown['train'])} of the "
                    "training tokens become unknown: a smaller model for nearly the same text.",
                )
            )
    kept, longest = train.lengths.percentiles[str(KEPT_PERCENT)] + 1, train.lengths.longest + 1
    if found.numbers_alone:
        pass  # sequences of ids have one length
    elif longest > kept * 1.25 and kept <= LONGEST_AUTOMATIC:
        settings.append(
            Setting(
                f"--data.max-length {kept}",
                f"Keeps {KEPT_PERCENT} % of the sentences whole, end symbol included; the longest has {longest:,}. "
                "Time and memory grow with it.",
            )
        )
    elif longest > LONGEST_AUTOMATIC:
        cut = sum(many for length, many in train.lengths.counts.items() if int(length) + 1 > LONGEST_AUTOMATIC)
        settings.append(
            Setting(
                f"--data.max-length {kept}",
                f"Without it {_many(cut, 'training sentence')} of more than {LONGEST_AUTOMATIC} tokens, end symbol "
                f"included, {'is' if cut == 1 else 'are'} cut there; this keeps {KEPT_PERCENT} % whole, and the "
                f"longest has {longest:,}. Time and memory grow with it.",
            )
        )
    else:
        settings.append(Setting("", f"data.max_length as it is: the longest sentence has {longest:,} tokens."))
    if found.pairs is not None:
        lengths = found.pairs.splits["train"]
        kept = max(1, lengths.percentiles[str(KEPT_PERCENT)])
        cut = sum(many for length, many in lengths.counts.items() if int(length) > LONGEST_AUTOMATIC)
        if lengths.longest > kept * 1.25 or cut:
            settings.append(
                Setting(
                    f"--data.max-source-length {kept}",
                    f"Keeps {KEPT_PERCENT} % of the sources whole; the longest has {lengths.longest:,} tokens. Longer "
                    f"ones lose their {'oldest turns' if found.pairs.conversations else 'end'}."
                    + (f" Without it so do those of more than {LONGEST_AUTOMATIC}: {cut:,}." if cut else ""),
                )
            )
    return settings


def _alike(pair: Alike) -> Finding:
    how = (
        f"{pair.files[0]} and {pair.files[1]} are identical byte for byte"
        if pair.byte_for_byte
        else f"{pair.first} and {pair.second} hold the same sentences in the same order"
    )
    if pair.first == "valid":
        why = (
            f"{how}: what is chosen on the validation text is chosen on the test text, whose numbers are then too good."
        )
        mend = "Split other sentences off the training text for validation: give the training file and no folder."
    else:
        why = f"{how}: nothing is held out, and every number measures memory."
        mend = "Hold other sentences out."
    return Finding("problem", "identical splits", why, mend)


def _shared(found: Inspection, split: str) -> Finding:
    """Sources that were also trained on: what follows them may be remembered."""
    assert found.pairs is not None
    sentences = found.splits[split].sentences
    share = found.pairs.known[split] / sentences
    targets = found.pairs.targets[split]
    return Finding(
        "warning" if share >= MANY_COPIES else "note",
        f"known sources in {split}",
        f"{found.pairs.known[split]:,} of {_many(sentences, f'{split} source')} ({_percent(share)}) also in train, and "
        f"{_many(targets, 'target')}, whatever stands beside them.",
        "What a model has learnt for a source it can repeat: say the share, or hold out other sources.",
    )


def _leak(leak: Leak, noun: str = "sentence", *, drawn: bool = False) -> Finding:
    """What is held out and trained on. Where the held-out lines were drawn from a text that has copies, this is so."""
    near = f", and {leak.near:,} more but for upper case and white space" if leak.near else ""
    text = (
        f"{_many(leak.sentences, f'{leak.split} {noun}')} ({_percent(leak.share)}) also in {leak.of}{near}."
        if leak.sentences
        else f"{_many(leak.near, f'{leak.split} {noun}')} also in {leak.of} but for upper case and white space."
    )
    if drawn:
        mend = "The held-out lines were drawn from a text with copies: leave these out, or say the share beside."
        return Finding("note", "leakage", text, mend)
    level = "problem" if leak.share >= 0.01 else "warning" if leak.sentences else "note"
    return Finding(
        level,
        "leakage",
        text,
        f"Leave them out of {leak.of}, or say the share beside every number: copying looks like quality there.",
    )


def _held_out(found: Inspection) -> list[Finding]:
    result = []
    if "test" not in found.splits:
        result.append(
            Finding(
                "note",
                "no test text",
                "No test sentences: samples are judged against the validation text, which decides when to stop.",
                "Give a folder with train.txt, valid.txt and test.txt.",
            )
        )
    for name, split in found.splits.items():
        if name != "train" and split.sentences < FEW_HELD_OUT:
            result.append(
                Finding(
                    "note",
                    f"small {name} split",
                    f"{_many(split.sentences, f'{name} sentence')}: numbers measured on so few move by chance.",
                    "Hold out more where there are more.",
                )
            )
    return result


def _tokenizer(found: Inspection) -> Setting:
    """The tokenizer that suits a text, and why."""
    unknown = max((each.tokens for each in found.unknown.values()), default=0.0)
    if found.numbers_alone and found.tokenizer in ("words", "ids"):
        return Setting("--tokenizer ids", "Every token is a number and all sequences have one length.")
    if found.why_characters:
        return Setting("--tokenizer characters", found.why_characters)
    if found.tokenizer == "words" and (unknown > MANY_UNKNOWN or found.growth.exponent > STEADY_GROWTH):
        why = (
            f"{_percent(unknown)} of the held-out tokens are unknown words"
            if unknown > MANY_UNKNOWN
            else f"the vocabulary grows as n^{found.growth.exponent:.2f} and does not level off"
        )
        return Setting("--tokenizer sentencepiece", f"{why[0].upper()}{why[1:]}: subwords know them all.")
    if found.tokenizer == "words":
        return Setting("", f"data.tokenizer words as it is: {_percent(unknown)} of the held-out tokens are unknown.")
    return Setting("", f"data.tokenizer {found.tokenizer} was asked for; look at words beside it.")


def _mend_of(kind: str) -> str:
    return {
        "replacement character": "Bytes were lost when the text was decoded: get it again and decode it as what it is.",
        "surrogate": "Half of a character: decode the text as UTF-8 anew.",
        "wrongly decoded UTF-8": "UTF-8 was read as another encoding: decode it anew, for example with ftfy.",
        "byte-order mark inside": "Files were joined: take U+FEFF out.",
        "direction control": "Take them out unless the text is bidirectional; they hide what a line says.",
        "zero-width character": "Take them out unless a script or emoji needs them: equal words would differ unseen.",
        "control character": "Take them out, or make them spaces.",
        "unusual space": "Make them plain spaces: characters and subwords would tell them apart.",
        "not composed (NFC)": "Normalise the text to NFC: equal words would differ unseen.",
    }.get(kind, "Look at them, and take them out unless they are meant.")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def _percent(share: float) -> str:
    """A share for reading: 3.4 %, and never 0 % for more than nothing."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return f"{100 * share:.1f} %"
