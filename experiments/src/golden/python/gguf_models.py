"""Tiny GGUF files, with the conversions that llama.cpp's converter makes.

Rows of llama's W_Q and W_K are permuted (rotary pairs side by side), gemma's norms hold 1 + w, llama3's scaling of
frequencies is the tensor rope_freqs.weight. What quantisation takes away is taken from the model too.
"""

import math

import gguf
import numpy
import torch

from tokens import GGUF_TYPES, MERGES, TOKENS

ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
    "gemma2": gguf.MODEL_ARCH.GEMMA2,
    "gemma3_text": gguf.MODEL_ARCH.GEMMA3,
}


def write(path, shape, model):
    """Writes the model and replaces its weights by those that the file holds."""
    config = shape.config
    architecture = ARCHITECTURES[config.model_type]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    metadata(writer, config)
    tokenizer(writer, config)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            known = names.get_name(name, try_suffixes=(".weight", ".bias"))
            kind = tensor_type(shape.gguf, name, parameter)
            data = gguf.quants.quantize(to_file(config, name, parameter).numpy(), kind)
            writer.add_tensor(known, data, raw_dtype=kind)
            stored = torch.from_numpy(gguf.quants.dequantize(data, kind).astype(numpy.float32))
            parameter.copy_(from_file(config, name, stored))
    if rope(config).get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_type(types, name, parameter):
    if parameter.dim() == 1:
        return gguf.GGMLQuantizationType.F32
    kind = "embedding" if "embed_tokens" in name or "lm_head" in name else "linear"
    return gguf.GGMLQuantizationType[types[kind]]


def to_file(config, name, tensor):
    if config.model_type == "llama" and "q_proj" in name:
        return halves_to_pairs(tensor, config.num_attention_heads)
    if config.model_type == "llama" and "k_proj" in name:
        return halves_to_pairs(tensor, config.num_key_value_heads)
    if config.model_type.startswith("gemma") and "norm" in name:
        return tensor + 1
    return tensor.clone()


def from_file(config, name, tensor):
    if config.model_type == "llama" and "q_proj" in name:
        return pairs_to_halves(tensor, config.num_attention_heads)
    if config.model_type == "llama" and "k_proj" in name:
        return pairs_to_halves(tensor, config.num_key_value_heads)
    if config.model_type.startswith("gemma") and "norm" in name:
        return tensor - 1
    return tensor


def halves_to_pairs(tensor, heads):
    """Row i and row i + d_head/2 of a head become neighbours."""
    return tensor.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2).contiguous()


def pairs_to_halves(tensor, heads):
    return tensor.unflatten(0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2).contiguous()


def rope(config):
    parameters = config.rope_parameters
    return parameters.get("full_attention", parameters)


def llama3_factors(config):
    """What each frequency is divided by (Llama 3.1's reference code; llama.cpp's convert_hf_to_gguf.py)."""
    scaling = rope(config)
    dimension = config.head_dim
    context = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    factors = []
    for i in range(0, dimension, 2):
        wavelength = 2 * math.pi * scaling["rope_theta"] ** (i / dimension)
        if wavelength < context / high:
            factors.append(1.0)
        elif wavelength > context / low:
            factors.append(scaling["factor"])
        else:
            smooth = (context / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return numpy.array(factors, dtype=numpy.float32)


def metadata(writer, config):
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_name("tiny " + config.model_type)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope(config)["rope_theta"])
    if head * config.num_attention_heads != config.hidden_size or config.model_type != "qwen2":
        writer.add_key_length(head)
        writer.add_value_length(head)
    if config.model_type == "llama":
        writer.add_rope_dimension_count(head)
        writer.add_vocab_size(config.vocab_size)
    if config.model_type.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def tokenizer(writer, config):
    if config.model_type.startswith("gemma"):
        writer.add_tokenizer_model("llama")
        writer.add_token_list([token.replace("\u0120", "\u2581") for token in TOKENS])
        writer.add_token_scores([-float(i) for i in range(len(TOKENS))])
        writer.add_add_space_prefix(False)
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm" if config.model_type == "llama" else "qwen2")
        writer.add_token_list(TOKENS)
        writer.add_token_merges(MERGES)
    writer.add_token_types(GGUF_TYPES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
