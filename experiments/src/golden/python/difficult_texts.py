"""Texts that tokenizers stumble over."""

import random

TEXTS = [
    "",
    " ",
    "a",
    "\t\r\n",
    "Hello, world!",
    "That is a happy person",
    "  leading and trailing  ",
    "tabs\tand\r\nline\nbreaks\rhere",
    "vertical\u000btab, form\u000cfeed, next\u0085line, no-break\u00a0space, ideographic\u3000space",
    "line\u2028separator paragraph\u2029separator thin\u2009space",
    "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u0141\u00f3d\u017a",
    "cafe\u0301 nai\u0308ve A\u030angstro\u0308m",
    "a\u0301\u0323\u0308\u0300 stacked marks \u0301alone",
    "\u1e69 \u0073\u0323\u0307 \u0073\u0307\u0323",
    "\u0130stanbul \u0131s\u0131k STRASSE stra\u00dfe \u1e9e",
    "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u1f48\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u0401\u043b\u043a\u0430 \u0439",
    "\u4f60\u597d\u4e16\u754c abc\u4e2d\u6587def \u3042\u3044\u30a2\u30ac\u304c \ud55c\uad6d\uc5b4",
    "\uf900\ufa0c \U00020000\U0002a6df\U0002b740\U0002b820\U0002f800",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0651\u0629 \u05e2\u05b4\u05d1\u05b0\u05e8\u05b4\u05d9\u05ea",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag \U0001f1e9\U0001f1ea heart \u2764\ufe0f thumb \U0001f44d\U0001f3fd",
    "zero\u200bwidth\u200cnon\u200djoiner soft\u00adhyphen bom\ufeffhere",
    "nul\u0000 bell\u0007 escape\u001b delete\u007f replacement\ufffd private\ue000",
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "\U0001d400" * 100 + " " + "\U0001d400" * 101,
    "pneumonoultramicroscopicsilicovolcanoconiosis Donaudampfschifffahrtsgesellschaft",
    "unaffable embeddings tokenizer wordpiece",
    "\u2603\u2604 snowman unknown \u13a0\u13a1 \u16a0 words",
    "$9.99 + 5% = \u20ac10 <tag attr='v'> a_b-c/d\\e ~`^|",
    "\u201cquotes\u201d \u2018single\u2019 \u00abguillemets\u00bb \u2014 dash \u2026 \u00bfqu\u00e9? \u00a1s\u00ed!",
    "don't can't it's I'd've",
    "1234567890123456789012345678901234567890",
    "3.14159 1,000,000 0x1F 1e-12",
    "[CLS] looks like a sign [SEP]",
    "[MASK] [mask] [ MASK ] [MASK][MASK]x[PAD]y[UNK]",
    "[CLS][SEP",
    "[[MASK]]",
    "[MA\u0301SK] [MASK\u0301] \ufffd[MASK]",
    "##ing ##s #hash",
    "\uff26\uff55\uff4c\uff4c \uff37\uff49\uff44\uff54\uff48 \ufb01ligature \u00bd \u2460",
    "A\u0300" * 60,
    "\u0301\u0302\u0303",
    "\u180e\u2060\u00a0",
    "The quick brown fox jumps over the lazy dog. " * 20,
]

SPACES = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
SPACES += list(range(0x2000, 0x200D)) + [0x1C, 0x1D, 0x1E, 0x1F, 0x2060, 0xFEFF]

BYTE_PAIR_TEXTS = [
    "".join(chr(b) for b in range(256)),
    " ".join(chr(b) for b in range(256)),
    "".join("a" + chr(space) for space in SPACES) + "a",
    "".join("a " + chr(space) + chr(space) for space in SPACES) + "a",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f\U0001f468\U0001f3fd\u200d\U0001f4bb\u2764\ufe0f\u200d\U0001f525",
    "We've I'LL he'D it'S they'Re 'tis 's's' 'd'Ve'\u017f 'l'll'lll'",
    "1 12 123 1234 12345 123456 1,234.5 \u0661\u0662\u0663 \u00bd\u00bc \u2167 x1y22z333",
    "    def f(x):\n        return x  # two\n\n\n\n    \n\tend\r\n\r\n   ",
    "\n", "\n\n", "\n\n\n\n\n\n", "\r\n", " \n", "\n ", "  \n  \n", "a\n\n b", "a \n", "a  b   c    d     e",
    " a", "  a", "   a", "a ", "a  ", " \t a", "\u00a0a", "a\u00a0 \u00a0b", "\u2581a \u2581\u2581 b\u2581", "\u2581", " \u2581 ",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|", " <|endoftext|> <|endoftext|>\n", "<|ENDOFTEXT|>", "<|endo\u0301ftext|>",
    "<|begin_of_text|>x<|eot_id|>", "<|im_start|>user\nHi<|im_end|> \n<|im_start|>", "<tool_call>{}</tool_call><think>a</think>",
    "<s>", "</s>", "<unk> <s>a</s> b", "<bos>x<eos><pad>", "<0x0A>", "<0xE2><0x96><0x81>", "a <mask> b  <mask>c", "whole wholesome a-whole _whole",
    "Licensor LICENSOR licensor caf\u00e9 CAF\u00c9 cafe\u0301",
    "a" * 300, "ab" * 200, "a" * 50 + " " * 60 + "b" * 70, "=" * 130, "-=" * 40 + "\n" * 30, "\u4f60" * 60, "\U0001f600" * 20,
    "abcdefghijklmnopqrstuvwxyz" * 8, "0123456789" * 12,
    "\u0e01\u0e33 \u0915\u094d\u0937 \u1100\u1161\u11a8 \uac01 \u212b \u2126 e\u0323\u0302 \u1ec7 \ufb03 \u3392 \uff76\uff9e",
    "Licensed under the Apache License, Version 2.0 (the \"License\"); notwithstanding the above",
]

RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x61, 0x7A), (0x61, 0x7A), (0x09, 0x0D), (0xA0, 0x17F),
    (0x300, 0x345), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939),
    (0x2010, 0x2027), (0x3041, 0x3096), (0x4E00, 0x4E50), (0xAC00, 0xAC50), (0x1F600, 0x1F64F),
]


def random_texts(count, longest):
    source = random.Random(2019)
    for _ in range(count):
        yield "".join(chr(source.randint(*source.choice(RANGES))) for _ in range(source.randint(1, longest)))
