"""Pretrained models on the spot: folders as transformers writes them, random, and small enough to train in a moment."""

import json
import logging

import torch

GPT2 = {"n_positions": 48, "n_embd": 8, "n_layer": 2, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0}
LLAMA = {
    **{"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2},
    **{"num_key_value_heads": 1, "max_position_embeddings": 48, "bos_token_id": 0, "eos_token_id": 0},
}
T5 = {"d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 1}
BART = {
    **{"d_model": 8, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2},
    **{"decoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12, "max_position_embeddings": 48},
    **{"bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 1, "decoder_start_token_id": 0, "forced_bos_token_id": 1},
}
BERT = {
    **{"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2},
    **{"max_position_embeddings": 48, "pad_token_id": 1},
}
ARCHITECTURES = {"gpt2": GPT2, "llama": LLAMA, "t5": T5, "bart": BART, "bert": BERT}
LINES = ["a dog runs here .", "the cat sleeps .", "two birds eat well in town .", "a cat eats ."]


def write_tokenizer(folder, kind="bytes", lines=LINES):
    """A `tokenizer.json`: of bytes, as GPT-2's, or of lower-case words, as BERT's. 0 ends a text, 1 is padding."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    if kind == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=290,
            special_tokens=["<end>", "<pad>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        settings = {"bos_token": "<end>", "eos_token": "<end>", "pad_token": "<pad>"}
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(
            vocab_size=80, special_tokens=["[SEP]", "[PAD]", "[UNK]", "[CLS]"], show_progress=False
        )
        settings = {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]"}
    tokenizer.train_from_iterator(lines, trainer)
    if kind != "bytes":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 3), ("[SEP]", 0)]
        )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return tokenizer


def write_model(folder, architecture, *, weights=True, tokenizer=None, lines=LINES, seed=0):
    """A folder with a model of that architecture."""
    import transformers

    kind = tokenizer or ("words" if architecture == "bert" else "bytes")
    size = write_tokenizer(folder, kind, lines).get_vocab_size()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    config = transformers.AutoConfig.for_model(architecture, vocab_size=size, **ARCHITECTURES[architecture])
    config.save_pretrained(folder)
    if architecture == "bart":  # as older files have it
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(settings | {"forced_bos_token_id": 1}))
    if weights:
        kind = {"t5": "AutoModelForSeq2SeqLM", "bart": "AutoModelForSeq2SeqLM", "bert": "AutoModel"}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = getattr(transformers, kind.get(architecture, "AutoModelForCausalLM")).from_config(config)
        architecture_file = (folder / "config.json").read_text()
        model.save_pretrained(folder)
        (folder / "config.json").write_text(architecture_file)
    return folder
