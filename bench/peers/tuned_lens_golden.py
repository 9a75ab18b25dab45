"""Makes a lens of EleutherAI's tuned-lens for a tiny model and writes what the library computes with it.

    python3 -m venv VENV && VENV/bin/pip install tuned-lens==0.2.0
    VENV/bin/python bench/peers/tuned_lens_golden.py engine/src/test/resources/golden/models/llama-tied engine/src/test/resources/golden/tuned-lens

The folder gets config.json and params.pt as the library's own TunedLens.save writes them, with random translators, and
expected.safetensors:

    ids          one sequence
    logits.N     [tokens, vocabulary] of translator N on hidden state N of transformers (0: embeddings), in float32
    plain.N      the same of the library's LogitLens
"""

import argparse
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from tuned_lens.nn.lenses import LogitLens, TunedLens

TOKENS = 9


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", type=pathlib.Path)
    arguments.add_argument("folder", type=pathlib.Path)
    given = arguments.parse_args()
    torch.manual_seed(2026)
    model = AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.float32).eval()
    lens = TunedLens.from_model(model)
    for parameter in lens.layer_translators.parameters():
        parameter.copy_(0.2 * torch.randn_like(parameter))
    lens.config.base_model_name_or_path = given.model.name
    lens.save(given.folder)
    loaded = TunedLens.from_model_and_pretrained(model, str(given.folder)).eval()

    ids = torch.randint(model.config.vocab_size, (1, TOKENS))
    hidden = model(ids, output_hidden_states=True).hidden_states[:-1]
    plain = LogitLens.from_model(model)
    expected = {"ids": ids[0].int()}
    for n, each in enumerate(hidden):
        expected[f"logits.{n}"] = loaded(each[0], n)
        expected[f"plain.{n}"] = plain(each[0], n)
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, given.folder / "expected.safetensors")
    print(f"{given.folder}: {len(hidden)} translators, python {sys.version.split()[0]}, torch {torch.__version__}")


main()
