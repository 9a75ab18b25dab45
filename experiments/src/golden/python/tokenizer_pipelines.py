"""Makes small tokenizers of every supported kind with Hugging Face tokenizers, and the ids that it gives.

    VENV/bin/python tokenizer_pipelines.py REPOSITORY    (VENV as ./install makes it)

Writes engine/src/test/resources/golden/tokenizers: texts.json, NAME.json (the tokenizer) and NAME.ids.json, a list for
each text. They are trained on the texts.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from difficult_texts import BYTE_PAIR_TEXTS, TEXTS, random_texts

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
MARK = "\u2581"
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=use_regex)


def isolated(pattern):
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False)


def special(*tokens):
    return [AddedToken(token, special=True, normalized=False) for token in tokens]


def template(bos, bos_id):
    return processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, bos_id)])


def train_bytes(tokenizer, texts, size, specials):
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.ByteLevel()


def gpt2(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(True)
    train_bytes(tokenizer, texts, 700, special("<|endoftext|>"))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def llama3(texts):
    """Words that are tokens but that no merges lead to: the model must look for them first."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([isolated(LLAMA3), byte_level(False)])
    train_bytes(tokenizer, texts, 700, [])
    content = json.loads(tokenizer.to_str())
    vocab = content["model"]["vocab"]
    for word in ["\u0120License", "\u0120notwithstanding", "fox", "123", "\u0120\u0120\u0120x", "don"]:
        vocab.setdefault(word, len(vocab))
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.add_special_tokens(special("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"))
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            template("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>")),
        ]
    )
    return tokenizer


def qwen2(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([isolated(QWEN2), byte_level(False)])
    train_bytes(tokenizer, texts, 650, [])
    tokenizer.add_special_tokens(special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("<think>", normalized=True)])
    return tokenizer


def smollm(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)])
    train_bytes(tokenizer, texts, 600, special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    return tokenizer


def phi(texts):
    """A space in front of every text, and added tokens that take the space around them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, trim_offsets=False)
    train_bytes(tokenizer, texts, 600, special("<|endoftext|>"))
    tokenizer.add_tokens(
        [
            AddedToken("<mask>", lstrip=True, normalized=False, special=True),
            AddedToken("<|im_end|>", rstrip=True, normalized=False, special=True),
            AddedToken("whole", single_word=True, normalized=False),
        ]
    )
    return tokenizer


def sentence_pieces(texts, size, specials, **settings):
    """A BPE over characters with marks for spaces, as converted SentencePiece models are."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials + BYTES, limit_alphabet=120, show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer = Tokenizer(models.BPE(model["vocab"], merges, unk_token="<unk>", byte_fallback=True, **settings))
    return tokenizer


def marked_decoder(strip):
    steps = [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse()]
    return decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if strip else []))


def llama2(texts):
    tokenizer = sentence_pieces(texts, 800, ["<unk>", "<s>", "</s>"], fuse_unk=True)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    tokenizer.post_processor = template("<s>", 1)
    tokenizer.decoder = marked_decoder(True)
    tokenizer.add_special_tokens(special("<unk>", "<s>", "</s>"))
    return tokenizer


def llama2_normalized(texts):
    """As older files have it: added tokens that are looked for in normalised text."""
    tokenizer = llama2(texts)
    content = json.loads(tokenizer.to_str())
    for token in content["added_tokens"]:
        token["normalized"] = True
    return Tokenizer.from_str(json.dumps(content))


def mistral(texts):
    tokenizer = sentence_pieces(texts, 800, ["<unk>", "<s>", "</s>"], fuse_unk=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.post_processor = template("<s>", 1)
    tokenizer.decoder = marked_decoder(True)
    tokenizer.add_special_tokens(special("<unk>", "<s>", "</s>"))
    return tokenizer


def gemma(texts):
    tokenizer = sentence_pieces(texts, 800, ["<pad>", "<eos>", "<bos>", "<unk>"], fuse_unk=True)
    tokenizer.normalizer = normalizers.Replace(" ", MARK)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous", invert=False)
    tokenizer.post_processor = template("<bos>", 2)
    tokenizer.decoder = marked_decoder(False)
    tokenizer.add_special_tokens(special("<pad>", "<eos>", "<bos>", "<unk>"))
    lines = [AddedToken("\n" * n, normalized=False) for n in range(1, 5)]
    tokenizer.add_tokens(lines + [AddedToken(MARK * n, normalized=False) for n in range(2, 6)])
    return tokenizer


def mixed(texts):
    """Rarer steps: compatibility forms, lower case, words and signs, unknown characters."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special("[UNK]", "[SEP]"), limit_alphabet=60, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken("Licensor", normalized=True), AddedToken("CAF\u00c9", normalized=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("[SEP]", 1), ("[UNK]", 0), trim_offsets=False)
    return tokenizer


KINDS = [gpt2, llama3, qwen2, smollm, phi, llama2, llama2_normalized, mistral, gemma, mixed]


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def rows(values):
    """One value a line."""
    return "[\n" + ",\n".join(json.dumps(value, separators=(",", ":")) for value in values) + "\n]\n"


def case(tokenizer, text):
    encoding = tokenizer.encode(text)
    plain = tokenizer.encode(text, add_special_tokens=False)
    decoded = tokenizer.decode(plain.ids, skip_special_tokens=True)
    found = {"ids": encoding.ids, "plain": len(plain.ids)}
    return found if decoded == text else found | {"decoded": decoded}


def main():
    repository = pathlib.Path(sys.argv[1])
    folder = repository / "engine/src/test/resources/golden/tokenizers"
    folder.mkdir(parents=True, exist_ok=True)
    texts = TEXTS + BYTE_PAIR_TEXTS + list(random_texts(30, 40))
    (folder / "texts.json").write_text(rows(texts), encoding="ascii")
    for kind in KINDS:
        tokenizer = kind(texts)
        name = kind.__name__.replace("_", "-")
        write(folder / f"{name}.json", json.loads(tokenizer.to_str()))
        tokenizer = Tokenizer.from_file(str(folder / f"{name}.json"))
        (folder / f"{name}.ids.json").write_text(rows(case(tokenizer, text) for text in texts), encoding="ascii")


main()
