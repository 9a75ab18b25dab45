package mechinterp.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.Sha256;

/**
 * BERT's tokenizer: words of the normalised text, each spelled from the left by the longest tokens
 * that the vocabulary has.
 *
 * <p>Sources: Schuster and Nakajima, "Japanese and Korean voice search", ICASSP 2012; Devlin et
 * al., "BERT", 2019; the {@code tokenizer.json} of Hugging Face {@code tokenizers}.
 */
public final class WordPieceTokenizer implements Tokenizer {
  private final WordPieceSettings settings;
  private final Vocabulary vocabulary;
  private final AddedTokens addedTokens;
  private final Set<Integer> special;
  private final String identity;

  WordPieceTokenizer(WordPieceSettings settings) {
    this.settings = settings;
    this.vocabulary = settings.vocabulary();
    this.addedTokens = new AddedTokens(settings.addedTokens());
    this.special = specialIds(settings);
    this.identity = identity(settings);
  }

  /**
   * Reads a {@code tokenizer.json} with a {@code WordPiece} model, {@code BertNormalizer} and
   * {@code BertPreTokenizer}. The file's {@code truncation} and {@code padding} are ignored: how
   * long a text may be is for the caller to say, and batches here are ragged.
   *
   * @param name the file's name for error messages
   * @param in the file's bytes; not closed
   * @throws FormatException when the file is no such tokenizer, with the name of the field
   */
  public static WordPieceTokenizer read(String name, InputStream in) throws IOException {
    return new WordPieceTokenizer(WordPieceFile.read(name, in));
  }

  @Override
  public Encoding encode(String text) {
    return encode(text, Integer.MAX_VALUE);
  }

  @Override
  public Encoding encode(String text, int maxTokens) {
    int around = settings.before().size() + settings.after().size();
    if (maxTokens < around) {
      throw new IllegalArgumentException(
          "encode: maxTokens is %d; the special tokens alone are %d".formatted(maxTokens, around));
    }
    EncodingBuilder out = new EncodingBuilder();
    out.addOutsideText(settings.before());
    encodeText(text, out);
    out.cutTo(maxTokens - settings.after().size());
    out.addOutsideText(settings.after());
    return out.build();
  }

  @Override
  public Encoding encodePlain(String text) {
    EncodingBuilder out = new EncodingBuilder();
    encodeText(text, out);
    return out.build();
  }

  private void encodeText(String text, EncodingBuilder out) {
    addedTokens.split(
        text,
        new AddedTokens.PartListener() {
          @Override
          public void text(int from, int to) {
            NormalizedText part = settings.normalizer().normalize(text, from, to);
            Words.forEach(part, (start, end) -> encodeWord(part, start, end, out));
          }

          @Override
          public void token(int id, int from, int to) {
            out.add(id, from, to);
          }
        });
  }

  /** Spells a word, or writes the unknown token when it is too long or cannot be spelled. */
  private void encodeWord(NormalizedText text, int from, int to, EncodingBuilder out) {
    int before = out.size();
    if (to - from > settings.maxWordLength() || !spell(text, from, to, out)) {
      out.cutTo(before);
      out.add(settings.unknown(), text.start(from), text.end(to - 1));
    }
  }

  private boolean spell(NormalizedText text, int from, int to, EncodingBuilder out) {
    int start = from;
    while (start < to) {
      String prefix = start == from ? "" : settings.continuingPrefix();
      int end = Math.min(to, start + vocabulary.longest());
      int id = vocabulary.id(prefix + text.text(start, end));
      while (id == Vocabulary.NONE && end > start + 1) {
        end--;
        id = vocabulary.id(prefix + text.text(start, end));
      }
      if (id == Vocabulary.NONE) {
        return false;
      }
      out.add(id, text.start(start), text.end(end - 1));
      start = end;
    }
    return true;
  }

  @Override
  public TokenDecoder decoder(SpecialTokens special) {
    return new TokenDecoder() {
      private boolean begun;

      @Override
      public String add(int id) {
        String token = token(id);
        if (special == SpecialTokens.OMIT && isSpecial(id)) {
          return "";
        }
        boolean first = !begun;
        begun = true;
        if (first) {
          return token;
        }
        String prefix = settings.continuingPrefix();
        return token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
      }

      @Override
      public String end() {
        return "";
      }
    };
  }

  @Override
  public String token(int id) {
    return vocabulary.token(id);
  }

  @Override
  public OptionalInt id(String token) {
    int id = vocabulary.id(token);
    return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public OptionalInt bos() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt eos() {
    return OptionalInt.empty();
  }

  @Override
  public boolean isSpecial(int id) {
    return special.contains(id);
  }

  @Override
  public int vocabularySize() {
    return vocabulary.size();
  }

  @Override
  public String identity() {
    return identity;
  }

  private static Set<Integer> specialIds(WordPieceSettings settings) {
    Set<Integer> ids = new HashSet<>(settings.before());
    ids.addAll(settings.after());
    settings.addedTokens().stream()
        .filter(AddedToken::special)
        .forEach(token -> ids.add(token.id()));
    return Set.copyOf(ids);
  }

  private static String identity(WordPieceSettings settings) {
    Sha256 hash =
        new Sha256()
            .add(settings.normalizer().toString())
            .add(settings.addedTokens().toString())
            .add(settings.continuingPrefix())
            .add(settings.maxWordLength())
            .add(settings.unknown())
            .add(settings.before().toString())
            .add(settings.after().toString());
    for (int id = 0; id < settings.vocabulary().size(); id++) {
      hash.add(settings.vocabulary().token(id));
    }
    return "wordpiece " + hash.end();
  }
}
