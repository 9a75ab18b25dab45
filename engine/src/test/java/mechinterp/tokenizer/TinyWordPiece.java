package mechinterp.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A tokenizer of sixteen tokens, as a file, for tests. */
public final class TinyWordPiece {
  /** The file's name in messages. */
  public static final String FILE = "tiny.json";

  /** The id of a special token. */
  public static final int CLS = 2;

  /** The id of another special token. */
  public static final int SEP = 3;

  /** The file. */
  public static final String JSON =
      """
      {
        "version": "1.0",
        "truncation": {"max_length": 3},
        "padding": {"strategy": {"Fixed": 9}},
        "added_tokens": [
          {"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true},
          {"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true},
          {"id": 4, "content": "[MASK]", "single_word": false, "lstrip": true, "rstrip": false,
           "normalized": false, "special": true},
          {"id": 15, "content": "<id>", "single_word": true, "lstrip": false, "rstrip": true,
           "normalized": false, "special": false}
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
          "type": "TemplateProcessing",
          "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                     {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
          "pair": [],
          "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                             "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
          "type": "WordPiece",
          "unk_token": "[UNK]",
          "continuing_subword_prefix": "##",
          "max_input_chars_per_word": 9,
          "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4,
                    "un": 5, "unaff": 6, "##aff": 7, "##able": 8, "cafe": 9, ",": 10,
                    "\\u4e2d": 11, "a": 12, "##a": 13, "##ble": 14}
        }
      }
      """;

  private TinyWordPiece() {}

  /** Returns the tokenizer. */
  public static Tokenizer tokenizer() {
    try {
      return read(JSON);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Tokenizer read(String json) throws IOException {
    return Tokenizers.ofJson(FILE, new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
  }
}
