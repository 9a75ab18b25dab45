package mechinterp.tokenizer;

import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.io.Sha256;

/**
 * A tokenizer in the steps of Hugging Face {@code tokenizers}: added tokens are cut out of the raw
 * text; what is left is normalised, again searched for added tokens, cut into words, and each word
 * spelled by a model; a template puts special tokens around.
 */
final class PipelineTokenizer implements Tokenizer {
  private final PipelineSettings settings;
  private final AddedTokens rawTokens;
  private final AddedTokens normalizedTokens;
  private final WordCache cache;
  private final Set<Integer> special;
  private final String identity;

  PipelineTokenizer(PipelineSettings settings) {
    this.settings = settings;
    this.rawTokens =
        new AddedTokens(addedTokens(settings).filter(token -> !token.normalized()).toList());
    this.normalizedTokens =
        new AddedTokens(
            addedTokens(settings)
                .filter(AddedToken::normalized)
                .map(token -> token.withContent(normalized(token.content())))
                .toList());
    this.cache = new WordCache(settings.model());
    this.special = specialIds(settings);
    this.identity = identity(settings);
  }

  private static Stream<AddedToken> addedTokens(PipelineSettings settings) {
    return settings.addedTokens().stream();
  }

  private String normalized(String text) {
    return settings.normalizer().apply(AlignedText.of(text, 0, text.length())).text();
  }

  @Override
  public Encoding encode(String text) {
    return encode(text, Integer.MAX_VALUE);
  }

  @Override
  public Encoding encode(String text, int maxTokens) {
    Template template = settings.template();
    if (maxTokens < template.size()) {
      throw new IllegalArgumentException(
          "encode: maxTokens is %d; the special tokens alone are %d"
              .formatted(maxTokens, template.size()));
    }
    EncodingBuilder out = new EncodingBuilder();
    out.addOutsideText(template.before());
    encodeText(AlignedText.wellFormed(text), out);
    out.cutTo(maxTokens - template.after().size());
    out.addOutsideText(template.after());
    return out.build();
  }

  @Override
  public Encoding encodePlain(String text) {
    EncodingBuilder out = new EncodingBuilder();
    encodeText(AlignedText.wellFormed(text), out);
    return out.build();
  }

  private void encodeText(String text, EncodingBuilder out) {
    rawTokens.split(
        text,
        new AddedTokens.PartListener() {
          @Override
          public void text(int from, int to) {
            encodePart(settings.normalizer().apply(AlignedText.of(text, from, to)), out);
          }

          @Override
          public void token(int id, int from, int to) {
            out.add(id, from, to);
          }
        });
  }

  private void encodePart(AlignedText part, EncodingBuilder out) {
    WordListener words = (text, from, to) -> encodeWord(text, from, to, out);
    normalizedTokens.split(
        part.text(),
        new AddedTokens.PartListener() {
          @Override
          public void text(int from, int to) {
            settings.preTokenizer().split(part, from, to, words);
          }

          @Override
          public void token(int id, int from, int to) {
            out.add(id, part.start(from), part.end(to - 1));
          }
        });
  }

  private void encodeWord(AlignedText text, int from, int to, EncodingBuilder out) {
    if (to - from > WordCache.LONGEST) {
      String word = text.text().substring(from, to);
      settings
          .model()
          .spell(
              word,
              (id, start, end) -> out.add(id, text.start(from + start), text.end(from + end - 1)));
      return;
    }
    int[] tokens = cache.word(text.text(), from, to).tokens();
    for (int i = 0; i < tokens.length; i += 3) {
      out.add(tokens[i], text.start(from + tokens[i + 1]), text.end(from + tokens[i + 2] - 1));
    }
  }

  @Override
  public TokenDecoder decoder(SpecialTokens special) {
    return new TokenDecoder() {
      private final Utf8Stream stream = new Utf8Stream();
      private boolean begun;

      @Override
      public String add(int id) {
        String token = token(id);
        if (token.isEmpty() || (special == SpecialTokens.OMIT && isSpecial(id))) {
          return "";
        }
        byte[] bytes = settings.detokenizer().bytes(token, !begun);
        begun = true;
        return stream.add(bytes);
      }

      @Override
      public String end() {
        return stream.end();
      }
    };
  }

  @Override
  public String token(int id) {
    return settings.vocabulary().token(id);
  }

  @Override
  public OptionalInt id(String token) {
    return settings.vocabulary().id(token);
  }

  @Override
  public OptionalInt bos() {
    return settings.bos();
  }

  @Override
  public OptionalInt eos() {
    return settings.eos();
  }

  @Override
  public boolean isSpecial(int id) {
    return special.contains(id);
  }

  @Override
  public int vocabularySize() {
    return settings.vocabulary().size();
  }

  @Override
  public String identity() {
    return identity;
  }

  private static Set<Integer> specialIds(PipelineSettings settings) {
    Set<Integer> ids = new HashSet<>(settings.template().before());
    ids.addAll(settings.template().after());
    addedTokens(settings).filter(AddedToken::special).forEach(token -> ids.add(token.id()));
    return Set.copyOf(ids);
  }

  private static String identity(PipelineSettings settings) {
    Sha256 hash = new Sha256();
    List<Object> steps =
        List.of(
            settings.addedTokens(),
            settings.normalizer(),
            settings.preTokenizer(),
            settings.model(),
            settings.template(),
            settings.modelIdentity());
    steps.forEach(step -> hash.add(step.toString()));
    Vocabulary vocabulary = settings.vocabulary();
    for (int id = 0; id < vocabulary.size(); id++) {
      hash.add(vocabulary.token(id));
    }
    return settings.kind() + " " + hash.end();
  }
}
