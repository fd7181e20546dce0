"""Samples a sentence from the graph in the working folder, with NumPy and ONNX Runtime alone. Exports have a copy."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

step = onnxruntime.InferenceSession("step.onnx")
about = json.loads(step.get_modelmeta().custom_metadata_map["seqgan"])
symbols = ["", "<unk>", *Path("vocabulary.txt").read_text(encoding="utf-8").split("\n")[1:-1]]
state, token, sentence = dict(np.load("initial_state.npz")), np.array([about["start"]]), [""]
while token[0] != about["end"] and len(sentence) <= about["max_length"]:
    logits, *tensors = step.run(None, {"tokens": token, **state})
    state = dict(zip(about["state"], tensors, strict=True))
    logits[:, about["not_drawn"]] = -np.inf
    token = (logits + np.random.default_rng().gumbel(size=logits.shape)).argmax(axis=1)
    sentence.append(symbols[token[0]])
print(*about["between"].join(sentence).strip().splitlines())
