package mechinterp.tokenizer;

import java.util.List;

/** What happens to text before it is cut into words. */
sealed interface Normalizer
    permits BertNormalizer,
        Lowercase,
        Prefix,
        Replacement,
        StripAccents,
        Trim,
        UnicodeForm,
        Normalizer.Sequence {

  /** Leaves text as it is. */
  Normalizer NONE = new Sequence(List.of());

  AlignedText apply(AlignedText text);

  /** One after the other. */
  record Sequence(List<Normalizer> steps) implements Normalizer {
    public Sequence {
      steps = List.copyOf(steps);
    }

    @Override
    public AlignedText apply(AlignedText text) {
      AlignedText result = text;
      for (Normalizer step : steps) {
        result = step.apply(result);
      }
      return result;
    }
  }
}
