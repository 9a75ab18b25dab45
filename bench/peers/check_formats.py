"""Do other libraries give the same features and reconstructions with files that mechinterp wrote?

Checked with sae-lens 6.54.12 (and its loaders of Gemma Scope and Llama Scope), eai-sparsify 1.3.3, dictionary-learning 0.1.0,
circuit-tracer 0.5.0, OpenAI's sparse_autoencoder of its GitHub repository and torch 2.15.0:

    ./mechinterp sae convert --sae IN --format FORMAT --out DIR
    ./mechinterp sae encode --sae IN --activations x.safetensors --out codes.safetensors
    SPARSIFY_DISABLE_TRITON=1 python check_formats.py FORMAT DIR x.safetensors codes.safetensors

check_written.py does this for every kind and format. Exits with 1 when the active latents of a token, or a value or a reconstruction by more than 1e-5 of the
largest one, differ.
"""

import argparse
import json
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import load_file

TOLERANCE = 1e-5


def sae_lens(folder, x):
    from sae_lens import SAE

    sae = SAE.load_from_disk(folder)
    features = sae.encode(x)
    features = features.to_dense() if features.is_sparse else features
    return features, sae(x) if hasattr(sae, "W_skip") else sae.decode(features)


def sparsify(folder, x):
    from sparsify import SparseCoder

    sae = SparseCoder.load_from_disk(folder)
    out = sae(x)
    features = torch.zeros(len(x), sae.num_latents).scatter_(1, out.latent_indices, out.latent_acts)
    return features, out.sae_out


def dictionary_learning(folder, x):
    nnsight = types.ModuleType("nnsight")  # needed to harvest activations only
    nnsight.LanguageModel = object
    sys.modules.setdefault("nnsight", nnsight)
    from dictionary_learning import dictionary
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK

    classes = {c.__name__: c for c in (BatchTopKSAE, MatryoshkaBatchTopKSAE, AutoEncoderTopK)}
    file = str(Path(folder) / "ae.pt")
    torch.load(file, weights_only=True)
    name = json.loads((Path(folder) / "config.json").read_text())["trainer"]["dict_class"]
    sae = (classes.get(name) or getattr(dictionary, name)).from_pretrained(file)
    features = sae.encode(x)
    return features, sae.decode(features)


def circuit_tracer(folder, x):
    from circuit_tracer.transcoder.single_layer_transcoder import load_relu_transcoder

    file = next(Path(folder).glob("layer_*.safetensors"))
    cpu = torch.device("cpu")
    sae = load_relu_transcoder(str(file), 0, cpu, lazy_encoder=False, lazy_decoder=False)
    features = sae.encode(x)
    return features, sae.decode(features, x)


def through_loader(folder, name, loader, x, overrides, scale=None):
    """sae-lens' own loader of a hub repository, with the folder in the hub's place."""
    import sae_lens.loading.pretrained_sae_loaders as loaders
    from sae_lens import SAE

    loaders.hf_hub_download = lambda repo_id, filename, **_: str(next(Path(folder).rglob(Path(filename).name)))

    def convert(path, device, cfg_overrides):
        config, state, _ = getattr(loaders, loader)("google/gemma-scope-2b-pt-res", name, device, cfg_overrides=overrides)
        return config, state

    sae = SAE.load_from_disk(folder, converter=convert)
    if scale is not None:
        sae.fold_activation_norm_scaling_factor(scale)
    features = sae.encode(x)
    return features, sae(x) if hasattr(sae, "W_skip") else sae.decode(features)


def gemma_scope(folder, x):
    import numpy as np

    with np.load(Path(folder) / "params.npz") as arrays:
        d_in, d_sae = arrays["W_enc"].shape
        overrides = {"d_in": d_in, "d_sae": d_sae, "d_out": arrays["b_dec"].shape[0]}
    kind = "transcoder" if "transcoder" in str(folder) else "sae"
    overrides = overrides if kind == "transcoder" else {"d_in": d_in, "d_sae": d_sae}
    name = "layer_3/width_16k/average_l0_5"
    return through_loader(folder, name, f"gemma_2_{kind}_huggingface_loader", x, overrides)


def gemma_scope_2(folder, x):
    import sae_lens.loading.pretrained_sae_loaders as loaders

    tensors = load_file(Path(folder) / "params.safetensors")
    loaders.get_safetensors_tensor_shapes = lambda repo, name: {n: list(t.shape) for n, t in tensors.items()}
    place = "transcoder" if "transcoder" in str(folder) else "resid_post"
    return through_loader(folder, f"{place}/layer_3_width_16k_l0_small", "gemma_3_sae_huggingface_loader", x, {})


def llama_scope(folder, x):
    config = json.loads((Path(folder) / "hyperparams.json").read_text())
    scale = config["d_model"] ** 0.5 / config["dataset_average_activation_norm"]["in"]
    overrides = {"dtype": "float32"}
    return through_loader(folder, "layer_3", "llama_scope_sae_huggingface_loader", x, overrides, scale)


def openai(folder, x):
    from sparse_autoencoder import Autoencoder

    sae = Autoencoder.from_state_dict(torch.load(Path(folder) / "autoencoder.pt", weights_only=True))
    features, info = sae.encode(x)
    return features, sae.decode(features, info)


FORMATS = {
    "saelens": sae_lens,
    "gemma-scope": gemma_scope,
    "gemma-scope-2": gemma_scope_2,
    "llama-scope": llama_scope,
    "openai": openai,
    "sparsify": sparsify,
    "dictionary-learning": dictionary_learning,
    "circuit-tracer": circuit_tracer,
}


def compare(format, folder, activations, codes):
    """Whether the library's outputs are those in a file that mechinterp wrote, and how far they are from them."""
    tensors = load_file(activations)
    x = tensors["activations" if "activations" in tensors else "x"].float()
    with torch.no_grad():
        features, reconstruction = FORMATS[format](folder, x)
    ours = load_file(codes)
    dense = torch.zeros_like(features)
    rows = torch.arange(len(x)).repeat_interleave(ours["row_offsets"].diff())
    dense[rows, ours["indices"].long()] = ours["values"]
    same = bool(((features > 0) == (dense > 0)).all())
    value_error = (features - dense).abs().max() / features.abs().max()
    error = (reconstruction - ours["reconstruction"]).abs().max() / reconstruction.abs().max()
    agree = same and bool(value_error < TOLERANCE) and bool(error < TOLERANCE)
    return agree, f"same latents {same}, largest difference of a value {value_error:.1e}, of a reconstruction {error:.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("folder")
    parser.add_argument("activations")
    parser.add_argument("codes")
    arguments = parser.parse_args()
    agree, words = compare(arguments.format, arguments.folder, arguments.activations, arguments.codes)
    print(f"{arguments.format}: {words}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
