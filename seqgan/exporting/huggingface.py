"""A generator that is a model of transformers, as a folder of that library: for its Auto classes, for PEFT and the hub.

Adapters are merged into the weights that they belong to, so that the folder needs no other. ``README.md`` is its model
card, made of what the run knows; ``seqgan.json`` says who made the folder.
"""

import json
from pathlib import Path
from typing import Any

from seqgan import __version__
from seqgan.build_huggingface import HUB
from seqgan.data.model_tokenizer import TOKENIZER_FILE, ModelTokenizer
from seqgan.data.vocabulary import ModelVocabulary
from seqgan.errors import ConfigError
from seqgan.exporting.folder import MARK, check_free, new_folder
from seqgan.files import write_file
from seqgan.generators.huggingface import HuggingFaceGenerator
from seqgan.generators.huggingface_seq2seq import HuggingFaceSeq2Seq
from seqgan.huggingface import merge_adapters, save_model
from seqgan.runs.directory import Run
from seqgan.runs.load import load_generator
from seqgan.runs.metric_log import read_metrics

CARD = "README.md"
METRICS_FILE = "metrics.jsonl"


def export_transformers(run: Run, folder: Path, *, overwrite: bool = False) -> None:
    """Write a run's generator as `save_pretrained` of transformers does, with tokenizer and card; all of it or nothing.

    `generate` of the loaded model draws as `seqgan sample` does: at temperature 1 from all tokens but those that are
    left out here too, which the folder's `generation_config.json` suppresses.

    Args:
        run: whose generator is a model of transformers.
        folder: new or empty.
        overwrite: or another exported model, which is replaced.

    Raises:
        ConfigError: the generator is no model of transformers.
        RunError: the folder is taken, or cannot be written.
    """
    name = run.config.generator.name
    vocabulary, tokenizer = run.vocabulary, run.tokenizer
    if not isinstance(vocabulary, ModelVocabulary) or not isinstance(tokenizer, ModelTokenizer):
        raise ConfigError(
            f"--format transformers is of generators that are models of that library, and {run.folder} has a {name}: "
            "export it with --format folder."
        )
    check_free(Path(folder).resolve(), overwrite=overwrite)  # before the work
    generator = load_generator(run)
    assert isinstance(generator, HuggingFaceGenerator | HuggingFaceSeq2Seq)
    model = merge_adapters(generator.model) if run.config.generator.lora_rank else generator.model
    settings = _generation(run, vocabulary, generator)
    with new_folder(folder, overwrite=overwrite) as unfinished:
        save_model(model, unfinished, settings)
        write_file(unfinished / TOKENIZER_FILE, tokenizer.text)
        write_file(unfinished / "tokenizer_config.json", _json(_tokenizer_settings(tokenizer, vocabulary, generator)))
        write_file(unfinished / CARD, _card(run, tokenizer, generator))
        made = {"library": "seqgan", "version": __version__, "format": "transformers", "role": "generator"}
        write_file(unfinished / MARK, _json(made))


def _generation(
    run: Run, vocabulary: ModelVocabulary, generator: HuggingFaceGenerator | HuggingFaceSeq2Seq
) -> dict[str, Any]:
    """How `generate` is to draw: as the package does."""
    not_drawn = {vocabulary.numbers[number] for number in vocabulary.not_drawn} - {vocabulary.symbols.end}
    # What is read before the first token is forced after others were suppressed, and may not be among them.
    drawn = (set(vocabulary.numbers) - not_drawn) | set(
        generator.first if isinstance(generator, HuggingFaceSeq2Seq) else ()
    )
    rows = generator.model.get_input_embeddings().weight.shape[0]
    settings: dict[str, Any] = {
        "do_sample": True,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "max_new_tokens": run.config.data.max_length,
        "eos_token_id": vocabulary.symbols.end,
        "pad_token_id": vocabulary.symbols.end,
        "suppress_tokens": [number for number in range(rows) if number not in drawn] or None,
    }
    if isinstance(generator, HuggingFaceSeq2Seq):
        settings["decoder_start_token_id"] = generator.first[0]
        if len(generator.first) > 1:
            settings["forced_bos_token_id"] = generator.first[1]
    else:
        settings["bos_token_id"] = generator.before[-1]
    return settings


def _tokenizer_settings(
    tokenizer: ModelTokenizer, vocabulary: ModelVocabulary, generator: HuggingFaceGenerator | HuggingFaceSeq2Seq
) -> dict[str, Any]:
    """What transformers has to know of `tokenizer.json`: the symbols that end and begin a text."""
    symbols = vocabulary.symbols
    spelt = {"eos_token": symbols.end, "pad_token": symbols.end, "unk_token": symbols.unknown}
    if isinstance(generator, HuggingFaceGenerator):
        spelt["bos_token"] = generator.before[-1]
    named = {name: None if number is None else tokenizer.symbol_of(number) for name, number in spelt.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **{key: value for key, value in named.items() if value},
    }


def _card(run: Run, tokenizer: ModelTokenizer, generator: HuggingFaceGenerator | HuggingFaceSeq2Seq) -> str:
    """The model card: what was trained, on what, how, and what the log says at its end."""
    from huggingface_hub import ModelCard, ModelCardData

    config, data = run.config, run.config.data
    algorithm = config.algorithm_name
    source = config.generator.path or ""
    about = ModelCardData(
        library_name="transformers",
        # "text2text-generation" is no task of the library any more; a card without one is shown all the same.
        pipeline_tag="text-generation" if isinstance(generator, HuggingFaceGenerator) else None,
        base_model=source.removeprefix(HUB) if source.startswith(HUB) else None,
        tags=["seqgan", *([algorithm] if algorithm else [])],
    )
    weights = sum(parameter.numel() for parameter in generator.model.parameters())
    last: dict[str, dict[str, Any]] = {line["phase"]: line for line in read_metrics(run.folder / METRICS_FILE)}
    logged = [
        f"| {phase} | {line['step']} | {key} | {value} |"
        for phase, line in last.items()
        for key, value in line.items()
        if key not in ("phase", "step")
    ]
    corpus = data.corpus if data.corpus.startswith(HUB) else Path(data.corpus).name
    paired = data.max_source_length > 0
    how = f"maximum likelihood, then adversarially (`{algorithm}`)" if algorithm else "maximum likelihood"
    merged = ", the adapters merged into it" if config.generator.lora_rank else ""
    lines = [
        f"# {run.folder.resolve().name}",
        "",
        f"A {type(generator.model).__name__} with {weights:,} weights{merged}, trained by {how} with seqgan "
        f"{__version__} on the corpus `{corpus}`, seed {config.seed}.",
        "",
        f"Sentences have at most {data.max_length} tokens"
        + (f", and sources at most {data.max_source_length}." if paired else "."),
        *_use(paired, tokenizer, generator),
        "",
        "## Log",
        "",
        "The last line of each phase. Nothing here was measured after the training: judge before you claim.",
        "",
        "| phase | step | what | value |",
        "| --- | ---: | --- | ---: |",
        *logged,
    ]
    return str(ModelCard(f"---\n{about.to_yaml()}\n---\n\n" + "\n".join(lines) + "\n"))


def _use(paired: bool, tokenizer: ModelTokenizer, generator: HuggingFaceGenerator | HuggingFaceSeq2Seq) -> list[str]:
    """How the folder is read and written with."""
    causal = isinstance(generator, HuggingFaceGenerator)
    kind = "AutoModelForCausalLM" if causal else "AutoModelForSeq2SeqLM"
    if not isinstance(generator, HuggingFaceGenerator):
        written = ['inputs = tokenizer("a source", return_tensors="pt")', "tokens = model.generate(**inputs)"]
    elif paired:
        before, behind = ("".join(map(tokenizer.text_of, part)) for part in (generator.before, generator.separator))
        text = json.dumps(f"{before}a source{behind}", ensure_ascii=False)
        written = [
            f'inputs = tokenizer({text}, add_special_tokens=False, return_tensors="pt")',
            "tokens = model.generate(**inputs)[:, inputs.input_ids.shape[1] :]",
        ]
    else:
        written = [f"tokens = model.generate(torch.tensor([{generator.before}]))"]
    return [
        "",
        "```python",
        *(["import torch"] if causal and not paired else []),
        f"from transformers import AutoTokenizer, {kind}",
        "",
        'tokenizer = AutoTokenizer.from_pretrained("FOLDER")',
        f'model = {kind}.from_pretrained("FOLDER")',
        *written,
        "print(tokenizer.decode(tokens[0], skip_special_tokens=True))",
        "```",
    ]


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
