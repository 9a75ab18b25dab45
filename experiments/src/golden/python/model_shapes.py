"""The tiny models of which golden files are made: every family, several shapes, all weights random.

Widths are small and odd enough that no vector kernel comes out even; windows are shorter than the text.
"""

from dataclasses import dataclass, field

from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 43
POSITIONS = 16
WINDOW = 4
EPSILON = 1e-3  # far from every default: who does not read it from the file is found out

COMMON = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": POSITIONS,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
}


@dataclass(frozen=True)
class Shape:
    """One golden folder: its name, how the model is made and how its file is written."""

    name: str
    model: type
    config: object
    dtype: str = "float32"
    shard_bytes: int = 0
    as_hub: bool = False  # tensors named, and buffers stored, as in files of the hub's first years
    gguf: dict = field(default_factory=dict)  # GGUF type by kind of tensor; empty: safetensors


def rope(base, **scaling):
    return {"rope_theta": base, "rope_type": "default", **scaling}


LLAMA3_ROPE = rope(
    100.0,
    rope_type="llama3",
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)


def gpt2(**shape):
    return GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, bos_token_id=1, eos_token_id=2, **shape)


def small(config, d_model, heads, layers, d_mlp, **more):
    sizes = {
        "hidden_size": d_model,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "intermediate_size": d_mlp,
        "rms_norm_eps" if hasattr(config, "rms_norm_eps") else "layer_norm_eps": EPSILON,
    }
    return config(**{**COMMON, **sizes, **more})


SAFETENSORS = [
    Shape("gpt2", GPT2LMHeadModel, gpt2(n_embd=18, n_head=3, n_layer=2, n_inner=25, layer_norm_epsilon=EPSILON)),
    Shape("gpt2-hub", GPT2LMHeadModel, gpt2(n_embd=12, n_head=2, n_layer=3), dtype="float16", as_hub=True),
    Shape(
        "neox-parallel",
        GPTNeoXForCausalLM,
        small(
            GPTNeoXConfig, 16, 2, 2, 19,
            rope_parameters=rope(10000.0, partial_rotary_factor=0.25),
            use_parallel_residual=True,
        ),
        dtype="float16",
        as_hub=True,
    ),
    Shape(
        "neox-sequential",
        GPTNeoXForCausalLM,
        small(
            GPTNeoXConfig, 12, 2, 2, 17,
            rope_parameters=rope(500.0, partial_rotary_factor=1.0),
            use_parallel_residual=False,
        ),
        dtype="bfloat16",
    ),
    Shape(
        "llama-tied",
        LlamaForCausalLM,
        small(
            LlamaConfig, 24, 4, 2, 25,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            rope_parameters=rope(10000.0),
        ),
        as_hub=True,
    ),
    Shape(
        "llama-llama3",
        LlamaForCausalLM,
        small(
            LlamaConfig, 14, 2, 2, 19,
            num_key_value_heads=1, head_dim=8, rms_norm_eps=1e-5,
            max_position_embeddings=64, rope_parameters=LLAMA3_ROPE,
        ),
        dtype="bfloat16",
        shard_bytes=5000,
    ),
    Shape(
        "llama-linear",
        LlamaForCausalLM,
        small(
            LlamaConfig, 12, 3, 2, 17,
            attention_bias=True,
            rope_parameters=rope(1000.0, rope_type="linear", factor=4.0),
        ),
        dtype="float16",
    ),
    Shape(
        "mistral",
        MistralForCausalLM,
        small(
            MistralConfig, 15, 5, 2, 19,
            num_key_value_heads=1, head_dim=4, sliding_window=WINDOW, rope_parameters=rope(10000.0),
        ),
        dtype="bfloat16",
    ),
    Shape(
        "qwen2",
        Qwen2ForCausalLM,
        small(
            Qwen2Config, 16, 4, 2, 21,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            use_sliding_window=False, sliding_window=WINDOW, max_window_layers=1,
            rope_parameters=rope(1000000.0),
        ),
        dtype="float16",
    ),
    Shape(
        "qwen2-window",
        Qwen2ForCausalLM,
        small(
            Qwen2Config, 12, 3, 3, 17,
            num_key_value_heads=3,
            use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1,
            rope_parameters=rope(10000.0),
        ),
        dtype="bfloat16",
    ),
    Shape(
        "qwen3",
        Qwen3ForCausalLM,
        small(
            Qwen3Config, 14, 4, 2, 19,
            num_key_value_heads=2, head_dim=8, tie_word_embeddings=True, rope_parameters=rope(1000000.0),
        ),
        dtype="bfloat16",
    ),
    Shape(
        "gemma2",
        Gemma2ForCausalLM,
        small(
            Gemma2Config, 12, 4, 3, 19,
            num_key_value_heads=2, head_dim=6, query_pre_attn_scalar=10, sliding_window=WINDOW,
            attn_logit_softcapping=4.0, final_logit_softcapping=6.0, rope_parameters=rope(10000.0),
        ),
        dtype="float16",
    ),
    Shape(
        "gemma3",
        Gemma3ForCausalLM,
        small(
            Gemma3TextConfig, 14, 2, 4, 19,
            num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=12, sliding_window=WINDOW,
            layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
            rope_parameters={
                "full_attention": rope(1000000.0, rope_type="linear", factor=8.0),
                "sliding_attention": rope(10000.0),
            },
        ),
        dtype="float16",
    ),
    Shape(
        "gemma3-deep",
        Gemma3ForCausalLM,
        small(
            Gemma3TextConfig, 10, 2, 7, 13,
            num_key_value_heads=2, head_dim=4, query_pre_attn_scalar=4, sliding_window=WINDOW,
            rope_parameters={"full_attention": rope(1000000.0), "sliding_attention": rope(10000.0)},
        ),
        dtype="bfloat16",
    ),
    Shape("bert", BertModel, small(BertConfig, 15, 3, 2, 19, layer_norm_eps=1e-12)),
    Shape("bert-masked", BertForMaskedLM, small(BertConfig, 15, 5, 2, 19), dtype="float16", as_hub=True),
]

GGUF = [
    Shape(
        "gguf-llama",
        LlamaForCausalLM,
        small(
            LlamaConfig, 32, 4, 2, 32,
            num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=rope(100000.0),
        ),
        gguf={"linear": "Q4_1", "embedding": "Q8_0"},
    ),
    Shape(
        "gguf-llama3",
        LlamaForCausalLM,
        small(
            LlamaConfig, 14, 2, 2, 19,
            num_key_value_heads=1, head_dim=8, rms_norm_eps=1e-5,
            max_position_embeddings=64, rope_parameters=LLAMA3_ROPE,
        ),
        gguf={"linear": "F16", "embedding": "F16"},
    ),
    Shape(
        "gguf-qwen2",
        Qwen2ForCausalLM,
        small(
            Qwen2Config, 32, 4, 1, 32, num_key_value_heads=2, rope_parameters=rope(1000000.0),
        ),
        gguf={"linear": "Q4_0", "embedding": "BF16"},
    ),
    Shape(
        "gguf-qwen3",
        Qwen3ForCausalLM,
        small(
            Qwen3Config, 14, 4, 2, 19,
            num_key_value_heads=2, head_dim=8, tie_word_embeddings=True, rope_parameters=rope(1000000.0),
        ),
        gguf={"linear": "F32", "embedding": "F16"},
    ),
    Shape(
        "gguf-gemma2",
        Gemma2ForCausalLM,
        small(
            Gemma2Config, 32, 4, 2, 32,
            num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW,
            attn_logit_softcapping=4.0, final_logit_softcapping=6.0, rope_parameters=rope(10000.0),
        ),
        gguf={"linear": "Q8_0", "embedding": "Q8_0"},
    ),
    Shape(
        "gguf-gemma3",
        Gemma3ForCausalLM,
        small(
            Gemma3TextConfig, 10, 2, 7, 13,
            num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW,
            rope_parameters={"full_attention": rope(1000000.0), "sliding_attention": rope(10000.0)},
        ),
        gguf={"linear": "F16", "embedding": "F16"},
    ),
]
