"""Data: from text to ids. Strings become ids at this border, and nothing behind it looks at a string.

What needs no tensors is here; `seqgan.data.text` encodes a corpus as tensors, `seqgan.data.batches` takes them apart.
"""

from seqgan.data.corpus import Corpus, load_corpus
from seqgan.data.embedded import embedded_corpora, pair_check
from seqgan.data.pairs import Sources, last_turns
from seqgan.data.tokenizers import Characters, SentencePiece, Tokenizer, Words, make_tokenizer
from seqgan.data.vocabulary import Vocabulary, build_vocabulary

__all__ = [
    "Characters",
    "Corpus",
    "SentencePiece",
    "Sources",
    "Tokenizer",
    "Vocabulary",
    "Words",
    "build_vocabulary",
    "embedded_corpora",
    "last_turns",
    "load_corpus",
    "make_tokenizer",
    "pair_check",
]
