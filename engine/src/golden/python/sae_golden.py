"""Writes small autoencoders in the files of other libraries, and what those libraries make of the same inputs with them.

    python -m venv VENV && VENV/bin/pip install sae-lens==6.54.12 eai-sparsify==1.3.3 torch==2.15.0
    VENV/bin/pip install --no-deps dictionary-learning==0.1.0 circuit-tracer==0.5.0
    SPARSIFY_DISABLE_TRITON=1 VENV/bin/python sae_golden.py ../../test/resources/golden/saes

Each folder NAME holds the files, and expected.safetensors: x, features (dense) and reconstruction. OpenAI's code is in no
package; for its files the reference is its forward, written out below. Cross-layer transcoders come to lie in ../clts, with x,
features and reconstruction of all layers.
"""

import json
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

nnsight = types.ModuleType("nnsight")  # dictionary_learning needs it to harvest activations only
nnsight.LanguageModel = object
sys.modules["nnsight"] = nnsight

import sae_lens.loading.pretrained_sae_loaders as loaders  # noqa: E402
from circuit_tracer.transcoder.cross_layer_transcoder import (  # noqa: E402
    CrossLayerTranscoder,
    load_clt,
    load_gemma_scope_2_clt,
)
from circuit_tracer.transcoder.single_layer_transcoder import load_relu_transcoder  # noqa: E402
from dictionary_learning import dictionary as dl  # noqa: E402
from dictionary_learning.trainers.batch_top_k import BatchTopKSAE  # noqa: E402
from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE  # noqa: E402
from dictionary_learning.trainers.top_k import AutoEncoderTopK  # noqa: E402
from sae_lens import SAE  # noqa: E402
from sae_lens.saes.abstopk_sae import AbsTopKSAE, AbsTopKSAEConfig  # noqa: E402
from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig  # noqa: E402
from sae_lens.saes.gated_sae import GatedSAE, GatedSAEConfig  # noqa: E402
from sae_lens.saes.jumprelu_sae import JumpReLUSAE, JumpReLUSAEConfig  # noqa: E402
from sae_lens.saes.matching_pursuit_sae import MatchingPursuitSAE, MatchingPursuitSAEConfig  # noqa: E402
from sae_lens.saes.matryoshka_batchtopk_sae import (  # noqa: E402
    MatryoshkaBatchTopKTrainingSAE,
    MatryoshkaBatchTopKTrainingSAEConfig,
)
from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig  # noqa: E402
from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig  # noqa: E402
from sae_lens.saes.transcoder import (  # noqa: E402
    JumpReLUSkipTranscoder,
    JumpReLUSkipTranscoderConfig,
    JumpReLUTranscoder,
    JumpReLUTranscoderConfig,
    SkipTranscoder,
    SkipTranscoderConfig,
    Transcoder,
    TranscoderConfig,
)
from sparsify import SparseCoder, SparseCoderConfig  # noqa: E402

D_IN, D_SAE, K, TOKENS = 10, 24, 5, 19
D_OUT = 7


def inputs():
    return torch.randn(TOKENS, D_IN) * 1.5 + 0.3


def randomize(module):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
            if "threshold" in name:
                parameter.abs_()
                parameter[1] = -0.2


def write_expected(folder, x, features, reconstruction):
    features = features.to_dense() if features.is_sparse else features
    tensors = {"x": x, "features": features, "reconstruction": reconstruction}
    save_file({n: t.detach().float().contiguous() for n, t in tensors.items()}, folder / "expected.safetensors")


def expect_of_sae_lens(folder, sae):
    x = inputs()
    with torch.no_grad():
        features = sae.encode(x)
        skips = hasattr(sae, "W_skip")
        write_expected(folder, x, features, sae(x) if skips else sae.decode(features))


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_sae_lens(root):
    sizes = {"d_in": D_IN, "d_sae": D_SAE}
    saes = {
        "saelens-topk": TopKSAE(TopKSAEConfig(**sizes, k=K)),
        "saelens-topk-uncentred": TopKSAE(TopKSAEConfig(**sizes, k=K, apply_b_dec_to_input=False)),
        "saelens-topk-rescaled": TopKSAE(TopKSAEConfig(**sizes, k=K, rescale_acts_by_decoder_norm=True)),
        "saelens-topk-bfloat16": TopKSAE(TopKSAEConfig(**sizes, k=K, dtype="bfloat16")),
        "saelens-jumprelu": JumpReLUSAE(JumpReLUSAEConfig(**sizes)),
        "saelens-jumprelu-uncentred": JumpReLUSAE(JumpReLUSAEConfig(**sizes, apply_b_dec_to_input=False)),
    }
    for name, sae in saes.items():
        randomize(sae)
        sae.save_model(root / name)
        expect_of_sae_lens(root / name, SAE.load_from_disk(root / name, dtype="float32"))


def save_old_sae_lens(root):
    """A folder as sae-lens wrote it before version 6, read by sae-lens of today."""
    folder = root / "saelens-topk-old"
    sae = TopKSAE(TopKSAEConfig(d_in=D_IN, d_sae=D_SAE, k=K))
    randomize(sae)
    sae.save_model(folder)
    old = {
        "d_in": D_IN,
        "d_sae": D_SAE,
        "dtype": "torch.float32",
        "device": "cpu",
        "model_name": "gpt2-small",
        "hook_point": "blocks.3.hook_resid_pre",
        "hook_point_layer": 3,
        "hook_point_head_index": None,
        "activation_fn_str": "topk",
        "activation_fn_kwargs": {"k": K},
        "normalize_activations": False,
        "context_size": 128,
        "sae_lens_training_version": None,
    }
    write_json(folder / "cfg.json", old)
    expect_of_sae_lens(folder, SAE.load_from_disk(folder))


def save_sparsify(root):
    saes = {
        "sparsify-topk/layers.3": SparseCoderConfig(k=K, num_latents=D_SAE),
        "sparsify-expanded": SparseCoderConfig(k=K, expansion_factor=3),
    }
    for name, config in saes.items():
        folder = root / name
        sae = SparseCoder(D_IN, config)
        randomize(sae)
        sae.save_to_disk(folder)
        expect_of_sparsify(folder)


def expect_of_sparsify(folder):
    sae = SparseCoder.load_from_disk(folder)
    x = inputs()
    with torch.no_grad():
        out = sae(x)
        features = torch.zeros(TOKENS, sae.num_latents).scatter_(1, out.latent_indices, out.latent_acts)
        write_expected(folder, x, features, out.sae_out)


def save_dictionary_learning(root):
    saes = {
        "standard": dl.AutoEncoder(D_IN, D_SAE),
        "april": dl.AutoEncoderNew(D_IN, D_SAE),
        "topk": AutoEncoderTopK(D_IN, D_SAE, K),
        "batchtopk": BatchTopKSAE(D_IN, D_SAE, K),
        "matryoshka": MatryoshkaBatchTopKSAE(D_IN, D_SAE, K, [8, 16]),
        "jumprelu": dl.JumpReluAutoEncoder(D_IN, D_SAE),
    }
    for name, sae in saes.items():
        randomize(sae)
        if name in ("topk", "batchtopk", "matryoshka"):
            sae.threshold.fill_(0.7)
        named = "AutoEncoder" if name == "april" else type(sae).__name__
        expect_of_dictionary_learning(root / f"dictionary-learning-{name}", sae, named)
    save_run_state(root, saes["topk"])


def expect_of_dictionary_learning(folder, sae, named):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(sae.state_dict(), folder / "ae.pt")
    trainer = {
        "dict_class": named,
        "trainer_class": "Trainer",
        "activation_dim": D_IN,
        "dict_size": D_SAE,
        "layer": 3,
        "lm_name": "EleutherAI/pythia-70m-deduped",
        "submodule_name": "resid_post_layer_3",
        "k": K,
    }
    write_json(folder / "config.json", {"trainer": trainer, "buffer": {"d_submodule": D_IN, "ctx_len": 128}})
    loaded = load_dictionary(folder, type(sae))
    x = inputs()
    with torch.no_grad():
        features = loaded.encode(x)
        write_expected(folder, x, features, loaded.decode(features))


def load_dictionary(folder, dict_class):
    """dictionary_learning.utils.load_dictionary, whose module needs datasets, nnsight and zstandard."""
    return dict_class.from_pretrained(str(folder / "ae.pt"))


def save_run_state(root, sae):
    """What ae.pt is while a run with backup_steps goes on."""
    folder = root / "dictionary-learning-running"
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.Adam(sae.parameters(), lr=1e-3)
    (sae(inputs()).sum()).backward()
    optimizer.step()
    state = {
        "step": 100,
        "ae": sae.state_dict(),
        "optimizer": optimizer.state_dict(),
        "config": {"dict_class": "AutoEncoderTopK", "k": K},
        "norm_factor": torch.tensor(1.0),
    }
    torch.save(state, folder / "ae.pt")
    source = root / "dictionary-learning-topk"
    (folder / "config.json").write_text((source / "config.json").read_text())
    x = inputs()
    with torch.no_grad():
        features = sae.encode(x)
        write_expected(folder, x, features, sae.decode(features))


def weights(transposed):
    torch.manual_seed(5)
    tensors = {
        "W_enc": torch.randn(D_IN, D_SAE) * 0.4,
        "b_enc": torch.randn(D_SAE) * 0.4,
        "W_dec": torch.nn.functional.normalize(torch.randn(D_SAE, D_IN), dim=1),
        "b_dec": torch.randn(D_IN) * 0.4,
        "threshold": torch.rand(D_SAE),
    }
    return {n: t.T.contiguous() if transposed and n.startswith("W") else t for n, t in tensors.items()}


def expect_through_loader(folder, files, loader, repo, name, overrides, scale=None):
    """sae-lens' own loader for a hub repository, with the folder in the hub's place."""
    loaders.hf_hub_download = lambda repo_id, filename, subfolder=None, **_: str(
        files / (f"{subfolder}/{filename}" if subfolder else filename)
    )

    def convert(path, device, cfg_overrides):
        config, state, _ = loader(repo, name, device, cfg_overrides=overrides)
        return config, state

    sae = SAE.load_from_disk(folder, converter=convert)
    if scale is not None:
        sae.fold_activation_norm_scaling_factor(scale)
    expect_of_sae_lens(folder, sae)


def save_gemma_scope(root):
    for name, inner, compressed in (
        ("gemma-scope", "layer_3/width_16k/average_l0_5", False),
        ("gemma-scope-deflated", "layer_3/width_16k/average_l0_5", True),
        ("gemma-scope-embedding", "embedding/width_4k/average_l0_6", False),
    ):
        folder = root / name / inner
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {n: t.numpy() for n, t in weights(False).items()}
        if compressed:
            arrays = {n.replace("W", "w"): np.asfortranarray(t) for n, t in arrays.items()}
        (np.savez_compressed if compressed else np.savez)(folder / "params.npz", **arrays)
        overrides = {"d_in": D_IN, "d_sae": D_SAE}
        loader = loaders.gemma_2_sae_huggingface_loader
        expect_through_loader(folder, root / name, loader, "google/gemma-scope-2b-pt-res", inner, overrides)


def save_gemma_scope_2(root):
    inner = "resid_post/layer_3_width_16k_l0_small"
    folder = root / "gemma-scope-2" / inner
    folder.mkdir(parents=True, exist_ok=True)
    save_file({n.lower(): t for n, t in weights(False).items()}, folder / "params.safetensors")
    config = {"architecture": "jump_relu", "model_name": "gemma-v3-270m", "hf_hook_point_in": "model.layers.3.output", "affine_connection": False}
    write_json(folder / "config.json", config)
    loaders.get_safetensors_tensor_shapes = lambda repo, name: {"w_enc": [D_IN, D_SAE], "w_dec": [D_SAE, D_IN]}
    loader = loaders.gemma_3_sae_huggingface_loader
    expect_through_loader(folder, root / "gemma-scope-2", loader, "google/gemma-scope-2-270m-pt", inner, {})


def linear(names):
    tensors = weights(True)
    return {new: tensors[old].clone() for old, new in names.items()}


def save_llama_scope(root):
    folder = root / "llama-scope" / "Llama3_1-8B-Base-L3R-8x"
    names = {"W_enc": "encoder.weight", "b_enc": "encoder.bias", "W_dec": "decoder.weight", "b_dec": "decoder.bias"}
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    tensors = {n: t.bfloat16() for n, t in linear(names).items()}
    save_file(tensors, folder / "checkpoints" / "final.safetensors")
    norm = 2.40625
    config = {
        "hook_point_in": "blocks.3.hook_resid_post",
        "hook_point_out": "blocks.3.hook_resid_post",
        "d_model": D_IN,
        "d_sae": D_SAE,
        "act_fn": "jumprelu",
        "jump_relu_threshold": 0.20214843,
        "norm_activation": "dataset-wise",
        "dataset_average_activation_norm": {"in": norm, "out": norm},
        "use_decoder_bias": True,
        "use_glu_encoder": False,
        "apply_decoder_bias_to_pre_encoder": False,
        "sparsity_include_decoder_norm": False,
        "top_k": 50,
    }
    write_json(folder / "hyperparams.json", config)
    loader = loaders.llama_scope_sae_huggingface_loader
    overrides = {"dtype": "float32"}
    scale = D_IN**0.5 / norm
    repo = "fnlp/Llama3_1-8B-Base-LXR-8x"
    expect_through_loader(folder, folder.parent, loader, repo, folder.name, overrides, scale)


def save_goodfire(root):
    folder = root / "goodfire"
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "W_enc": "encoder_linear.weight",
        "b_enc": "encoder_linear.bias",
        "W_dec": "decoder_linear.weight",
        "b_dec": "decoder_linear.bias",
    }
    file = "Llama-3.1-8B-Instruct-SAE-l19.pth"
    torch.save(linear(names), folder / file)
    loader = loaders.get_goodfire_huggingface_loader
    overrides = {"d_in": D_IN, "d_sae": D_SAE}
    expect_through_loader(folder, folder, loader, "Goodfire/Llama-3.1-8B-Instruct-SAE-l19", file, overrides)


def save_openai(root):
    folder = root / "openai"
    folder.mkdir(parents=True, exist_ok=True)
    names = {"W_enc": "encoder.weight", "b_enc": "latent_bias", "W_dec": "decoder.weight", "b_dec": "pre_bias"}
    tensors = linear(names)
    state = {
        **tensors,
        "stats_last_nonzero": torch.zeros(D_SAE, dtype=torch.long),
        "latents_activation_frequency": torch.ones(D_SAE),
        "latents_mean_square": torch.zeros(D_SAE),
        "activation": "ReLU",
        "activation_state_dict": {},
    }
    torch.save(state, folder / "openai.pt")
    x = inputs()
    pre = (x - tensors["pre_bias"]) @ tensors["encoder.weight"].T + tensors["latent_bias"]
    features = torch.relu(pre)
    write_expected(folder, x, features, features @ tensors["decoder.weight"].T + tensors["pre_bias"])


def save_openai_topk(root):
    """As Autoencoder.state_dict writes it; its forward normalises when the activation is TopK."""
    torch.manual_seed(41)
    folder = root / "openai-topk"
    folder.mkdir(parents=True, exist_ok=True)
    names = {"W_enc": "encoder.weight", "b_enc": "latent_bias", "W_dec": "decoder.weight", "b_dec": "pre_bias"}
    tensors = linear(names)
    activation = {"k": K, "postact_fn": "ReLU"}
    state = {
        **tensors,
        "stats_last_nonzero": torch.zeros(D_SAE, dtype=torch.long),
        "activation.k": K,
        "activation.postact_fn": "ReLU",
        "activation": "TopK",
        "activation_state_dict": activation,
    }
    torch.save(state, folder / "openai.pt")
    x = inputs()
    mu = x.mean(dim=-1, keepdim=True)
    std = (x - mu).std(dim=-1, keepdim=True)
    normalized = (x - mu) / (std + 1e-5)
    pre = (normalized - tensors["pre_bias"]) @ tensors["encoder.weight"].T + tensors["latent_bias"]
    top = torch.topk(pre, k=K, dim=-1)
    features = torch.zeros_like(pre).scatter_(-1, top.indices, torch.relu(top.values))
    decoded = features @ tensors["decoder.weight"].T + tensors["pre_bias"]
    write_expected(folder, x, features, decoded * std + mu)


def save_normalized(root):
    """SAELens' autoencoders that bring each activation to one scale by itself."""
    torch.manual_seed(42)
    for name, kind, config in (
        ("topk-layer-norm", TopKSAE, TopKSAEConfig(d_in=D_IN, d_sae=D_SAE, k=K, normalize_activations="layer_norm")),
        ("standard-constant-norm", StandardSAE,
         StandardSAEConfig(d_in=D_IN, d_sae=D_SAE, normalize_activations="constant_norm_rescale")),
        ("jumprelu-layer-norm", JumpReLUSAE,
         JumpReLUSAEConfig(d_in=D_IN, d_sae=D_SAE, normalize_activations="layer_norm")),
    ):
        sae = kind(config)
        randomize(sae)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        expect_of_sae_lens(folder, SAE.load_from_disk(folder))


def save_transcoders(root):
    torch.manual_seed(11)
    classes = {
        "transcoder": (Transcoder, TranscoderConfig),
        "skip-transcoder": (SkipTranscoder, SkipTranscoderConfig),
        "jumprelu-transcoder": (JumpReLUTranscoder, JumpReLUTranscoderConfig),
        "jumprelu-skip-transcoder": (JumpReLUSkipTranscoder, JumpReLUSkipTranscoderConfig),
    }
    for name, (kind, config) in classes.items():
        sae = kind(config(d_in=D_IN, d_out=D_OUT, d_sae=D_SAE, apply_b_dec_to_input=False))
        randomize(sae)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        expect_of_sae_lens(folder, SAE.load_from_disk(folder))
    for name, transcode, skip in (("transcoder", True, False), ("skip-transcoder", True, True), ("skip", False, True)):
        folder = root / f"sparsify-{name}" / "layers.2.mlp"
        sae = SparseCoder(D_IN, SparseCoderConfig(k=K, num_latents=D_SAE, transcode=transcode, skip_connection=skip))
        randomize(sae)
        sae.save_to_disk(folder)
        expect_of_sparsify(folder)


def save_gemma_transcoders(root):
    inner = "layer_3/width_16k/average_l0_5"
    folder = root / "gemma-scope-transcoders" / inner
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "params.npz", **{n: t.numpy() for n, t in weights(False).items()})
    loader = loaders.gemma_2_transcoder_huggingface_loader
    overrides = {"d_in": D_IN, "d_out": D_IN, "d_sae": D_SAE}
    files = root / "gemma-scope-transcoders"
    expect_through_loader(folder, files, loader, "google/gemma-scope-2b-pt-transcoders", inner, overrides)

    inner = "transcoder/layer_3_width_16k_l0_small_affine"
    files = root / "gemma-scope-2-transcoders"
    folder = files / inner
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {n.lower(): t for n, t in weights(False).items()}
    tensors["affine_skip_connection"] = torch.randn(D_IN, D_IN) * 0.4
    save_file(tensors, folder / "params.safetensors")
    config = {"architecture": "jump_relu", "model_name": "gemma-v3-270m", "hf_hook_point_in": "in", "hf_hook_point_out": "out", "affine_connection": True}
    write_json(folder / "config.json", config)
    loaders.get_safetensors_tensor_shapes = lambda repo, name: {"w_enc": [D_IN, D_SAE], "w_dec": [D_SAE, D_IN]}
    loader = loaders.gemma_3_sae_huggingface_loader
    expect_through_loader(folder, files, loader, "google/gemma-scope-2-270m-pt", inner, {})


def save_circuit_tracer(root):
    """ReLU through sae-lens' loader; JumpReLU with a skip connection through circuit-tracer's."""
    folder = root / "circuit-tracer"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = weights(False)
    plain = {n: t.T.contiguous() if n == "W_enc" else t for n, t in tensors.items() if n != "threshold"}
    save_file(plain, folder / "layer_3.safetensors")
    (folder / "config.yaml").write_text('model_name: "Qwen/Qwen3-0.6B"\nmodel_kind: transcoder_set\n')
    (folder / "wandb-config.yaml").write_text(
        f"d_model:\n  value: {D_IN}\nd_feature:\n  value: {D_SAE}\nbatch_size:\n  value: 8\n"
    )
    loader = loaders.mwhanna_transcoder_huggingface_loader
    expect_through_loader(folder, folder, loader, "mwhanna/qwen3-0.6b-transcoders-lowl0", "layer_3.safetensors", {})

    folder = root / "circuit-tracer-jumprelu"
    folder.mkdir(parents=True, exist_ok=True)
    skip = torch.randn(D_IN, D_IN) * 0.4
    more = {"activation_function.threshold": tensors["threshold"], "W_skip": skip}
    save_file({**plain, **more}, folder / "layer_4.safetensors")
    x = inputs()
    file = str(folder / "layer_4.safetensors")
    sae = load_relu_transcoder(file, 4, torch.device("cpu"), lazy_encoder=False, lazy_decoder=False)
    with torch.no_grad():
        features = sae.encode(x)
        write_expected(folder, x, features, sae.decode(features, x))


def save_standard(root):
    """ReLU, with settings of today and as sae-lens wrote them before version 6."""
    torch.manual_seed(12)
    for name, centred in (("standard", True), ("standard-uncentred", False), ("standard-old", True)):
        sae = StandardSAE(StandardSAEConfig(d_in=D_IN, d_sae=D_SAE, apply_b_dec_to_input=centred))
        randomize(sae)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        if name == "standard-old":
            old = {"d_in": D_IN, "d_sae": D_SAE, "dtype": "torch.float32", "device": "cpu", "hook_point": "blocks.3.hook_mlp_out"}
            write_json(folder / "cfg.json", {**old, "model_name": "gpt2-small", "normalize_activations": None})
        expect_of_sae_lens(folder, SAE.load_from_disk(folder))


def save_gated(root):
    """Gates and magnitudes, of which some are 0 where the gate is open; old settings for the last."""
    torch.manual_seed(13)
    for name, centred in (("gated", True), ("gated-uncentred", False), ("gated-old", True)):
        sae = GatedSAE(GatedSAEConfig(d_in=D_IN, d_sae=D_SAE, apply_b_dec_to_input=centred))
        randomize(sae)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        if name == "gated-old":
            old = {"d_in": D_IN, "d_sae": D_SAE, "dtype": "torch.float32", "device": "cpu", "hook_name": "blocks.3.hook_mlp_out"}
            write_json(folder / "cfg.json", {**old, "architecture": "gated", "model_name": "gpt2-small", "normalize_activations": "none"})
        expect_of_sae_lens(folder, SAE.load_from_disk(folder))
    sae = dl.GatedAutoEncoder(D_IN, D_SAE)
    randomize(sae)
    expect_of_dictionary_learning(root / "dictionary-learning-gated", sae, "GatedAutoEncoder")


def save_matching_pursuit(root):
    """Rows of about norm 1, as training leaves them, but not quite: sae-lens does not divide by them."""
    torch.manual_seed(21)
    settings = {
        "matching-pursuit": {"residual_threshold": 0.8},
        "matching-pursuit-steps": {"residual_threshold": 0, "max_iterations": 6, "stop_on_duplicate_support": False},
        "matching-pursuit-uncentred": {"apply_b_dec_to_input": False},
    }
    for name, fields in settings.items():
        sae = MatchingPursuitSAE(MatchingPursuitSAEConfig(d_in=D_IN, d_sae=D_SAE, **fields))
        with torch.no_grad():
            rows = torch.nn.functional.normalize(torch.randn(D_SAE, D_IN), dim=1)
            sae.W_dec.copy_(rows * (0.85 + 0.3 * torch.rand(D_SAE, 1)))
            sae.b_dec.copy_(torch.randn(D_IN) * 0.4)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        expect_of_sae_lens(folder, SAE.load_from_disk(folder))


def save_abs_top_k(root):
    """Both signs: here a latent is two, one for each."""
    torch.manual_seed(31)
    settings = {"abstopk": {}, "abstopk-rescaled": {"rescale_acts_by_decoder_norm": True}, "abstopk-uncentred": {"apply_b_dec_to_input": False}}
    for name, fields in settings.items():
        sae = AbsTopKSAE(AbsTopKSAEConfig(d_in=D_IN, d_sae=D_SAE, k=K, **fields))
        randomize(sae)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        loaded = SAE.load_from_disk(folder)
        x = inputs()
        with torch.no_grad():
            features = loaded.encode(x)
            assert (features < 0).any() and (features > 0).any()
            write_expected(folder, x, torch.cat([features.relu(), (-features).relu()], dim=1), loaded.decode(features))


def save_training_states(root):
    """What sae-lens saves while it trains with k of a batch; the reference is what it makes of it for inference."""
    torch.manual_seed(32)
    sizes = {"d_in": D_IN, "d_sae": D_SAE, "k": K}
    saes = {
        "batchtopk-state": BatchTopKTrainingSAE(BatchTopKTrainingSAEConfig(**sizes)),
        "batchtopk-state-plain": BatchTopKTrainingSAE(
            BatchTopKTrainingSAEConfig(**sizes, rescale_acts_by_decoder_norm=False, apply_b_dec_to_input=False)
        ),
        "matryoshka-state": MatryoshkaBatchTopKTrainingSAE(
            MatryoshkaBatchTopKTrainingSAEConfig(**sizes, matryoshka_widths=[8, D_SAE])
        ),
    }
    for name, sae in saes.items():
        randomize(sae)
        sae.topk_threshold.fill_(0.6)
        folder = root / f"saelens-{name}"
        sae.save_model(folder)
        with tempfile.TemporaryDirectory() as inference:
            sae.save_inference_model(inference)
            expect_of_sae_lens(folder, SAE.load_from_disk(inference))


def save_group_max(root):
    torch.manual_seed(33)
    folder = root / "sparsify-groupmax"
    sae = SparseCoder(D_IN, SparseCoderConfig(k=6, num_latents=D_SAE, activation="groupmax"))
    randomize(sae)
    sae.save_to_disk(folder)
    expect_of_sparsify(folder)


def save_cross_layer_transcoders(root):
    torch.manual_seed(34)
    layers, d_model, latents, tokens = 3, 6, 11, 9
    cpu = torch.device("cpu")
    for name in ("relu", "jump_relu"):
        made = CrossLayerTranscoder(layers, latents, d_model, name, lazy_decoder=False, device=cpu, dtype=torch.float32)
        randomize(made)
        if name == "jump_relu":
            made.activation_function.threshold.data.copy_(torch.rand(layers, 1, latents))
        folder = root / f"circuit-tracer-{name}"
        with torch.no_grad():
            made.to_safetensors(str(folder))
        (folder / "config.yaml").write_text(
            'model_name: "google/gemma-2-2b"\nmodel_kind: cross_layer_transcoder\n'
            'feature_input_hook: "hook_resid_mid"\nfeature_output_hook: "hook_mlp_out"\n'
        )
        expect_of_layers(folder, load_clt(str(folder), device=cpu, dtype=torch.float32, lazy_decoder=False), tokens)
    folder = root / "gemma-scope-2/clt/width_262k_l0_big_affine"
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for layer in range(layers):
        written = torch.randn(latents, layers, d_model) * 0.4
        written[:, :layer] = 0
        tensors = {
            "w_enc": torch.randn(d_model, latents) * 0.4,
            "b_enc": torch.randn(latents) * 0.4,
            "threshold": torch.rand(latents),
            "w_dec": written,
            "b_dec": torch.randn(d_model) * 0.4,
            "affine_skip_connection": torch.randn(d_model, d_model) * 0.4,
        }
        paths[layer] = str(folder / f"params_layer_{layer}.safetensors")
        save_file(tensors, paths[layer])
    paths[layers] = paths[layers - 1]  # it passes the last one over
    expect_of_layers(folder, load_gemma_scope_2_clt(paths, device=cpu, dtype=torch.float32), tokens)


def expect_of_layers(folder, transcoder, tokens):
    x = torch.randn(transcoder.n_layers, tokens, transcoder.d_model) * 1.5 + 0.3
    with torch.no_grad():
        features = transcoder.encode(x)
        write_expected(folder, x, features, transcoder.decode(features, x))


def main(root):
    torch.manual_seed(3)
    save_sae_lens(root)
    save_old_sae_lens(root)
    save_sparsify(root)
    save_dictionary_learning(root)
    save_gemma_scope(root)
    save_gemma_scope_2(root)
    save_llama_scope(root)
    save_goodfire(root)
    save_openai(root)
    save_openai_topk(root)
    save_normalized(root)
    save_transcoders(root)
    save_gemma_transcoders(root)
    save_circuit_tracer(root)
    save_standard(root)
    save_gated(root)
    save_matching_pursuit(root)
    save_abs_top_k(root)
    save_training_states(root)
    save_group_max(root)
    save_cross_layer_transcoders(root.parent / "clts")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
