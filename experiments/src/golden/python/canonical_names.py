"""From transformers' parameter names to the engine's (TransformerLens'), with linear weights as [in, out].

Written apart from the engine's own mapping, so that one checks the other.
"""

import re

BLOCK = re.compile(r"(?:^|\.)(?:h|layers|layer)\.(\d+)\.(.+)$")

NORMS = {"weight": "w", "bias": "b"}

LINEAR = {
    "attn.c_proj": "attn.W_O",
    "mlp.c_fc": "mlp.W_in",
    "mlp.c_proj": "mlp.W_out",
    "attention.dense": "attn.W_O",
    "mlp.dense_h_to_4h": "mlp.W_in",
    "mlp.dense_4h_to_h": "mlp.W_out",
    "self_attn.q_proj": "attn.W_Q",
    "self_attn.k_proj": "attn.W_K",
    "self_attn.v_proj": "attn.W_V",
    "self_attn.o_proj": "attn.W_O",
    "mlp.gate_proj": "mlp.W_gate",
    "mlp.up_proj": "mlp.W_in",
    "mlp.down_proj": "mlp.W_out",
    "attention.self.query": "attn.W_Q",
    "attention.self.key": "attn.W_K",
    "attention.self.value": "attn.W_V",
    "attention.output.dense": "attn.W_O",
    "intermediate.dense": "mlp.W_in",
    "output.dense": "mlp.W_out",
}

NORM = {
    "ln_1": "ln1",
    "ln_2": "ln2",
    "input_layernorm": "ln1",
    "post_attention_layernorm": "ln2",
    "attention.output.LayerNorm": "ln1",
    "output.LayerNorm": "ln2",
    "self_attn.q_norm": "attn.q_norm",
    "self_attn.k_norm": "attn.k_norm",
}

GEMMA_NORM = {
    **NORM,
    "post_attention_layernorm": "ln1_post",
    "pre_feedforward_layernorm": "ln2",
    "post_feedforward_layernorm": "ln2_post",
}

OUTSIDE = {
    "wte.weight": "embed.W_E",
    "wpe.weight": "pos_embed.W_pos",
    "embed_in.weight": "embed.W_E",
    "embed_tokens.weight": "embed.W_E",
    "ln_f.weight": "ln_final.w",
    "ln_f.bias": "ln_final.b",
    "final_layer_norm.weight": "ln_final.w",
    "final_layer_norm.bias": "ln_final.b",
    "model.norm.weight": "ln_final.w",
    "embeddings.word_embeddings.weight": "embed.W_E",
    "embeddings.position_embeddings.weight": "pos_embed.W_pos",
    "embeddings.token_type_embeddings.weight": "token_type_embed.W_token_type",
    "embeddings.LayerNorm.weight": "ln_embed.w",
    "embeddings.LayerNorm.bias": "ln_embed.b",
}


def canonical(config, name, tensor):
    """Returns {TransformerLens name: tensor} of one of transformers' parameters (or of its gradient)."""
    block = BLOCK.search(name)
    if block is None:
        return outside(name, tensor)
    module, kind = block.group(2).rsplit(".", 1)
    prefix = f"blocks.{block.group(1)}."
    norms = GEMMA_NORM if config.model_type.startswith("gemma") else NORM
    if module in norms:
        return {f"{prefix}{norms[module]}.{NORMS[kind]}": tensor}
    if config.model_type == "gpt2":
        tensor = tensor.t()  # Conv1D keeps [in, out]
    if module in ("attn.c_attn", "attention.query_key_value"):
        return fused(config, prefix, kind, tensor)
    return {prefix + linear(LINEAR[module], kind): tensor.t().contiguous()}


def outside(name, tensor):
    if name == "lm_head.weight":
        return {"unembed.W_U": tensor.t().contiguous()}
    for suffix, found in OUTSIDE.items():
        if name.endswith(suffix):
            return {found: tensor}
    return {}


def linear(weight, kind):
    return weight if kind == "weight" else weight.replace("W_", "b_")


def fused(config, prefix, kind, tensor):
    """Splits [q; k; v] of gpt2, and [heads, (q, k, v), d_head] of gpt_neox."""
    if config.model_type == "gpt2":
        parts = tensor.chunk(3)
    else:
        heads = tensor.unflatten(0, (config.num_attention_heads, 3, -1))
        parts = [heads[:, part].flatten(0, 1) for part in range(3)]
    return {
        prefix + linear(f"attn.W_{letter}", kind): part.t().contiguous()
        for letter, part in zip("QKV", parts, strict=True)
    }
