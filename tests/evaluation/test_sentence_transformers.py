"""Features of the library sentence-transformers, where it is installed: of a model that is made here."""

import pytest
import torch
from support.tiny_models import LINES, write_model

transformers = pytest.importorskip("transformers")
pytest.importorskip("sentence_transformers")

from seqgan.evaluation.features import sentence_transformers_features  # noqa: E402


def test_features_are_the_mean_of_a_sentence_s_vectors(tmp_path):
    folder = write_model(tmp_path / "bert", "bert")
    model = sentence_transformers_features(f"sentence-transformers:{folder}")
    features = model.featurize(LINES, [])
    # A folder without settings of that library is read as the model with a mean over a sentence's tokens.
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    bert = transformers.AutoModel.from_pretrained(folder).eval()
    for line, row in zip(LINES, features, strict=True):
        with torch.no_grad():
            vectors = bert(**tokenizer(line, return_tensors="pt")).last_hidden_state
        assert torch.allclose(torch.tensor(row), vectors[0].mean(dim=0), atol=1e-5)
