"""Makes tiny models of every family and writes what transformers computes with them.

    PYTHON=$(experiments/src/golden/python/install)
    $PYTHON experiments/src/golden/python/model_golden.py engine/src/test/resources/golden/models

Each folder holds a model as transformers saves it (or model.gguf), config-old.json in the form of older versions, and
expected.safetensors, computed from those files in float32 with eager attention:

    ids, lengths                     two sequences, one after the other
    logits                           [tokens, vocabulary]
    blocks.L.hook_resid_pre          the residual stream that enters block L
    blocks.LAST.hook_resid_post      and the one that leaves the last
    final                            after the final norm, as it enters the unembedding (BERT: the last block's output)
    blocks.0.attn.hook_pattern       [tokens, heads * longest], zero where there is no key
    loss                             [1] mean over both sequences' next-token cross-entropies;
                                     BERT: mean of final * direction
    direction                        BERT only
    gradient.HOOK, gradient.WEIGHT   of the loss; weights of block 0 and outside blocks, as [in, out];
                                     not for model.gguf, whose arithmetic is the same

The rows of a matrix are those of ids; each sequence is computed by itself, without padding.
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging

import gguf_models
import tokens
from canonical_names import canonical
from model_shapes import GGUF, POSITIONS, SAFETENSORS, VOCABULARY
from old_configs import old_config

LENGTHS = [11, 6]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    for seed, shape in enumerate(SAFETENSORS + GGUF):
        if given.only in shape.name:
            make(given.folder / shape.name, shape, seed)


def make(folder, shape, seed):
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    torch.manual_seed(2026 + seed)
    model = shape.model(shape.config)
    randomise(model)
    reference = write_gguf(folder, shape, model) if shape.gguf else write_safetensors(folder, shape, model)
    ids = [torch.randint(VOCABULARY, (length,)) for length in LENGTHS]
    expected = {
        "ids": torch.cat(ids).int(),
        "lengths": torch.tensor(LENGTHS, dtype=torch.int32),
        **outputs(reference, ids),
    }
    if not shape.gguf:
        expected.update(weight_gradients(reference))
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, folder / "expected.safetensors")
    if not shape.gguf:
        check_old_config(folder, shape, ids, expected)
    spread = f", logits {expected['logits'].std():.2f}" if "logits" in expected else ""
    print(f"{shape.name}: {sum(file.stat().st_size for file in folder.iterdir())} bytes{spread}")


def randomise(model):
    """Weights that give patterns and logits which are not flat, whatever is wrong shows."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            embedding = "embed" in name or "wte" in name or "wpe" in name
            torch.nn.init.normal_(parameter, std=0.7 if embedding else 1.3 * min(parameter.shape) ** -0.5)
        else:
            centre = parameter.mean().round().item()
            torch.nn.init.normal_(parameter, mean=centre, std=0.25)


def write_safetensors(folder, shape, model):
    tokens.write(folder / "tokenizer.json", shape.config.model_type)
    dtype = getattr(torch, shape.dtype)
    shards = {"max_shard_size": shape.shard_bytes} if shape.shard_bytes else {}
    model.to(dtype).save_pretrained(folder, **shards)
    for extra in folder.glob("generation_config.json"):
        extra.unlink()
    if shape.as_hub:
        rename_as_hub(folder / "model.safetensors", shape.config)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config-old.json").write_text(json.dumps(old_config(config), indent=2) + "\n")
    return shape.model.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def rename_as_hub(path, config):
    """The names and the buffers of gpt2's, Pythia's, the first llamas' and BERT's files."""
    stored = load_file(path)
    layers = range(config.num_hidden_layers)
    if config.model_type == "gpt2":
        stored = {name.removeprefix("transformer."): tensor for name, tensor in stored.items()}
        mask = torch.tril(torch.ones(1, 1, POSITIONS, POSITIONS)).half()
        stored.update({f"h.{layer}.attn.bias": mask.clone() for layer in layers})
    elif config.model_type == "gpt_neox":
        rotary = int(config.hidden_size // config.num_attention_heads * 0.25)
        for layer in layers:
            attention = f"gpt_neox.layers.{layer}.attention."
            stored[attention + "bias"] = torch.tril(torch.ones(1, 1, POSITIONS, POSITIONS)).bool()
            stored[attention + "masked_bias"] = torch.tensor(-1e9)
            stored[attention + "rotary_emb.inv_freq"] = 10000.0 ** -(torch.arange(0, rotary, 2) / rotary)
    elif config.model_type == "llama":
        head = config.head_dim
        for layer in layers:
            name = f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"
            stored[name] = 10000.0 ** -(torch.arange(0, head, 2) / head)
    elif config.model_type == "bert":
        stored["bert.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    save_file(stored, path, metadata={"format": "pt"})


def write_gguf(folder, shape, model):
    gguf_models.write(folder / "model.gguf", shape, model)
    model.set_attn_implementation("eager")
    model.eval()
    check_gguf(folder, shape, model)
    return model


def check_gguf(folder, shape, model):
    """transformers' own reader of GGUF must find the same weights in the file."""
    ids = torch.arange(10)[None]
    read = shape.model.from_pretrained(
        folder, gguf_file="model.gguf", config=shape.config, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        difference = (read(ids).logits - model(ids).logits).abs().max().item()
    if difference > 1e-4:
        print(f"  transformers reads {shape.name} otherwise: logits differ by {difference:.3g}")


def blocks_and_norm(model):
    """Returns the list of blocks, and the final norm where there is one."""
    base = model.base_model
    if hasattr(base, "encoder"):
        return base.encoder.layer, None
    if hasattr(base, "h"):
        return base.h, base.ln_f
    return base.layers, base.final_layer_norm if hasattr(base, "final_layer_norm") else base.norm


class Recorder:
    """Keeps the residual stream of one run, with gradients."""

    def __init__(self, model):
        self.kept = {}
        blocks, norm = blocks_and_norm(model)
        self.handles = [
            block.register_forward_pre_hook(self.entering(f"blocks.{layer}.hook_resid_pre"), with_kwargs=True)
            for layer, block in enumerate(blocks)
        ]
        last = blocks[-1] if norm is None else norm
        if norm is not None:
            after = f"blocks.{len(blocks) - 1}.hook_resid_post"
            self.handles.append(norm.register_forward_pre_hook(self.entering(after), with_kwargs=True))
        self.handles.append(last.register_forward_hook(self.leaving))

    def entering(self, name):
        def hook(module, positional, named):
            self.keep(name, positional[0] if positional else named["hidden_states"])

        return hook

    def leaving(self, module, arguments, output):
        self.keep("final", output[0] if isinstance(output, tuple) else output)

    def keep(self, name, tensor):
        tensor.retain_grad()
        self.kept[name] = tensor

    def remove(self):
        for handle in self.handles:
            handle.remove()


def outputs(model, ids):
    runs = [run(model, sequence) for sequence in ids]
    hidden = [recorder.kept for recorder, _ in runs]
    result = {name: torch.cat([kept[name][0] for kept in hidden]).detach() for name in hidden[0]}
    result["blocks.0.attn.hook_pattern"] = torch.cat([pattern(output.attentions[0]) for _, output in runs])
    direction = torch.randn_like(result["final"])
    if model.config.model_type == "bert":
        result["direction"] = direction
        loss = (torch.cat([kept["final"][0] for kept in hidden]) * direction).mean()
    else:
        result["logits"] = torch.cat([output.logits[0] for _, output in runs]).detach()
        loss = cross_entropy([output.logits[0] for _, output in runs], ids)
    model.zero_grad()
    loss.backward()
    result["loss"] = loss.detach().reshape(1)
    for name in hidden[0]:
        result["gradient." + name] = torch.cat([kept[name].grad[0] for kept in hidden])
    return result


def run(model, sequence):
    recorder = Recorder(model)
    output = model(input_ids=sequence[None], output_attentions=True)
    recorder.remove()
    return recorder, output


def pattern(attention):
    """[1, heads, queries, keys] to [queries, heads * longest]."""
    padded = torch.nn.functional.pad(attention[0].detach(), (0, max(LENGTHS) - attention.shape[-1]))
    return padded.transpose(0, 1).flatten(1)


def cross_entropy(logits, ids):
    """The mean over all tokens that have a next one."""
    predicted = torch.cat([rows[:-1] for rows in logits])
    targets = torch.cat([sequence[1:] for sequence in ids])
    return torch.nn.functional.cross_entropy(predicted, targets)


def weight_gradients(model):
    gradients = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            gradients.update(canonical(model.config, name, parameter.grad))
    return {
        "gradient." + name: gradient
        for name, gradient in gradients.items()
        if not name.startswith("blocks.") or name.startswith("blocks.0.")
    }


def check_old_config(folder, shape, ids, expected):
    """The old form must mean the same to transformers itself."""
    new = (folder / "config.json").read_text()
    (folder / "config.json").write_text((folder / "config-old.json").read_text())
    try:
        model = shape.model.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        recorder, _ = run(model, ids[0])
        difference = (recorder.kept["final"][0] - expected["final"][: len(ids[0])]).abs().max().item()
        if difference > 0:
            print(f"  the old configuration of {shape.name} differs by {difference:.3g}")
    finally:
        (folder / "config.json").write_text(new)


main()
