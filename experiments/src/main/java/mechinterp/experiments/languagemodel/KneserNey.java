package mechinterp.experiments.languagemodel;

import java.util.Arrays;
import mechinterp.training.TokenStream;

/**
 * The interpolated modified Kneser-Ney trigram (Chen and Goodman, "An Empirical Study of Smoothing
 * Techniques for Language Modeling", TR-10-98, section 3, equation 27): the best of the classical
 * n-gram models, which a neural one has to beat. With D the discount of a count,
 *
 * <pre>  p(c | ab) = (count(abc) - D) / count(ab.) + gamma(ab) p(c | b)</pre>
 *
 * and so on down to the uniform distribution; below the trigrams a count is the number of different
 * words that were seen before.
 */
final class KneserNey {
  private final int vocabulary;
  private final KneserNeyLevel trigrams;
  private final KneserNeyLevel bigrams;
  private final KneserNeyLevel unigrams;

  private KneserNey(
      int vocabulary, KneserNeyLevel trigrams, KneserNeyLevel bigrams, KneserNeyLevel unigrams) {
    this.vocabulary = vocabulary;
    this.trigrams = trigrams;
    this.bigrams = bigrams;
    this.unigrams = unigrams;
  }

  /** Counts the trigrams of a text; ids are 0 to {@code vocabulary - 1}. */
  static KneserNey train(TokenStream text, int vocabulary) {
    long[] codes = new long[text.tokens()];
    for (int i = 1; i <= text.tokens(); i++) {
      codes[i - 1] = code(secondLast(text, i), text.token(i - 1), text.token(i), vocabulary);
    }
    Arrays.sort(codes);
    KneserNeyLevel trigrams = KneserNeyLevel.ofSorted(codes, vocabulary);
    KneserNeyLevel bigrams = below(trigrams, (long) vocabulary * vocabulary, vocabulary);
    KneserNeyLevel unigrams = below(bigrams, vocabulary, vocabulary);
    return new KneserNey(vocabulary, trigrams, bigrams, unigrams);
  }

  /** Counts, for all that remains of the n-grams without their first word, what that word was. */
  private static KneserNeyLevel below(KneserNeyLevel level, long modulus, int vocabulary) {
    long[] codes = level.codes();
    for (int i = 0; i < codes.length; i++) {
      codes[i] %= modulus;
    }
    Arrays.sort(codes);
    return KneserNeyLevel.ofSorted(codes, vocabulary);
  }

  /** Before the text there is what it begins with, an end of text. */
  private static int secondLast(TokenStream text, int index) {
    return text.token(Math.max(0, index - 2));
  }

  private static long code(int a, int b, int c, int vocabulary) {
    return ((long) a * vocabulary + b) * vocabulary + c;
  }

  /** Returns the probability of a word after two others. */
  double probability(int a, int b, int c) {
    double uniform = 1.0 / vocabulary;
    double unigram = unigrams.interpolate(c, uniform);
    double bigram = bigrams.interpolate((long) b * vocabulary + c, unigram);
    return trigrams.interpolate(code(a, b, c, vocabulary), bigram);
  }

  /** Returns the sum of the cross-entropies of all tokens of a text, in nats. */
  double loss(TokenStream text) {
    double sum = 0;
    for (int i = 1; i <= text.tokens(); i++) {
      sum -= Math.log(probability(secondLast(text, i), text.token(i - 1), text.token(i)));
    }
    return sum;
  }
}
