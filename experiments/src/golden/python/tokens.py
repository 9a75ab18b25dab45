"""The 43 tokens of the tiny models, and a tokenizer.json of them: single bytes, and two merges."""

import json
import string

SPECIAL = ["<unk>", "<s>", "</s>"]
MERGES = ["t h", "th e"]
TOKENS = SPECIAL + ["\u0120"] + list(string.ascii_lowercase) + list(string.digits) + [".", "th", "the"]

NORMAL, CONTROL, UNKNOWN = 1, 3, 2
GGUF_TYPES = [UNKNOWN, CONTROL, CONTROL] + [NORMAL] * (len(TOKENS) - len(SPECIAL))


def added(index, token):
    return {
        "id": index,
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def tokenizer():
    """Returns a byte-level BPE whose vocabulary lacks most bytes."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(i, token) for i, token in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(TOKENS)},
            "merges": [merge.split(" ") for merge in MERGES],
        },
    }


def word_pieces():
    """Returns the same vocabulary as WordPiece, for the models of the BERT family."""
    template = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {},
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(i, token) for i, token in enumerate(SPECIAL)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "<unk>",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: i for i, token in enumerate(TOKENS)},
        },
    }


def write(path, family):
    content = word_pieces() if family == "bert" else tokenizer()
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
