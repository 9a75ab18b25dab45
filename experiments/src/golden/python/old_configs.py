"""config.json as the hub's files have it that were written before transformers 5.

KEYS are those of each family's published files; a file of theirs leaves the others to the defaults.
"""

LLAMA = """architectures attention_bias attention_dropout bos_token_id eos_token_id head_dim hidden_act hidden_size
    initializer_range intermediate_size max_position_embeddings mlp_bias model_type num_attention_heads
    num_hidden_layers num_key_value_heads pretraining_tp rms_norm_eps tie_word_embeddings use_cache vocab_size"""

QWEN = """architectures attention_dropout bos_token_id eos_token_id hidden_act hidden_size initializer_range
    intermediate_size max_position_embeddings max_window_layers model_type num_attention_heads num_hidden_layers
    num_key_value_heads rms_norm_eps sliding_window tie_word_embeddings use_cache use_sliding_window vocab_size"""

GEMMA = """architectures attention_bias attention_dropout attn_logit_softcapping bos_token_id eos_token_id
    final_logit_softcapping head_dim hidden_activation hidden_size initializer_range intermediate_size
    max_position_embeddings model_type num_attention_heads num_hidden_layers num_key_value_heads
    query_pre_attn_scalar rms_norm_eps sliding_window use_cache vocab_size"""

KEYS = {
    "gpt2": """activation_function architectures attn_pdrop bos_token_id embd_pdrop eos_token_id initializer_range
        layer_norm_epsilon model_type n_embd n_head n_inner n_layer n_positions resid_pdrop vocab_size""",
    "gpt_neox": """architectures bos_token_id eos_token_id hidden_act hidden_size initializer_range intermediate_size
        layer_norm_eps max_position_embeddings model_type num_attention_heads num_hidden_layers tie_word_embeddings
        use_cache use_parallel_residual vocab_size""",
    "llama": LLAMA,
    "mistral": LLAMA + " sliding_window",
    "qwen2": QWEN,
    "qwen3": QWEN + " attention_bias head_dim",
    "gemma2": GEMMA,
    "gemma3_text": GEMMA,
    "bert": """architectures attention_probs_dropout_prob hidden_act hidden_dropout_prob hidden_size initializer_range
        intermediate_size layer_norm_eps max_position_embeddings model_type num_attention_heads num_hidden_layers
        type_vocab_size vocab_size""",
}


def old_config(config):
    """Returns the old form of a config.json that transformers 5 wrote."""
    family = config["model_type"]
    old = {key: config[key] for key in KEYS[family].split() if key in config}
    old["torch_dtype"] = config["dtype"]
    old["transformers_version"] = "4.40.0"
    if family == "gpt2":
        old["n_ctx"] = config["n_positions"]
        if old["n_inner"] is None:
            del old["n_inner"]
    if "rope_parameters" in config:
        old.update(old_rope(family, config))
    if family == "gemma2":
        old["hidden_act"] = config["hidden_activation"]
    if family in ("llama", "mistral") and old["head_dim"] * old["num_attention_heads"] == old["hidden_size"]:
        del old["head_dim"]
    return dict(sorted(old.items()))


def old_rope(family, config):
    rope = config["rope_parameters"]
    if family == "gemma3_text":
        types = config["layer_types"]
        return {
            "rope_theta": rope["full_attention"]["rope_theta"],
            "rope_local_base_freq": rope["sliding_attention"]["rope_theta"],
            "rope_scaling": scaling(rope["full_attention"], "rope_type"),
            "sliding_window_pattern": types.index("full_attention") + 1,
        }
    if family == "gpt_neox":
        return {"rotary_emb_base": rope["rope_theta"], "rotary_pct": rope["partial_rotary_factor"]}
    if family == "gemma2":
        return {"rope_theta": rope["rope_theta"]}
    return {"rope_theta": rope["rope_theta"], "rope_scaling": scaling(rope, older_key(rope))}


def older_key(rope):
    """Linear scaling is older than the name rope_type."""
    return "type" if rope["rope_type"] == "linear" else "rope_type"


def scaling(rope, type_key):
    if rope["rope_type"] == "default":
        return None
    rest = {key: value for key, value in rope.items() if key not in ("rope_type", "rope_theta")}
    return {type_key: rope["rope_type"], **rest}
