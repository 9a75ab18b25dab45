package mechinterp.experiments.languagemodel;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import mechinterp.experiments.console.Progress;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.training.TokenStream;

/**
 * A text as tokens.
 *
 * @param training what is learned
 * @param validation what is measured on during training
 * @param test what is measured on at the end, by domain
 */
record EncodedText(TokenStream training, TokenStream validation, Map<Domain, Test> test) {
  /** Between documents. */
  static final String END_OF_TEXT = "<|endoftext|>";

  /**
   * The test part of a domain.
   *
   * @param tokens its tokens
   * @param documents how many
   * @param bytes of their text in UTF-8, without what divides them
   */
  record Test(TokenStream tokens, int documents, long bytes) {}

  /** Encodes all parts. */
  static EncodedText of(
      TrainingText text, Tokenizer tokenizer, int context, Progress.Display display) {
    List<String> training = text.shuffled(TrainingText.Part.TRAINING);
    try (Progress progress = display.start("encode", training.size(), "documents")) {
      TokenStream learned = stream(training, tokenizer, context, progress);
      TokenStream validation =
          stream(text.shuffled(TrainingText.Part.VALIDATION), tokenizer, context, progress);
      Map<Domain, Test> test = new EnumMap<>(Domain.class);
      for (Domain domain : Domain.values()) {
        List<String> documents = text.texts(domain, TrainingText.Part.TEST);
        if (!documents.isEmpty()) {
          TokenStream tokens = stream(documents, tokenizer, context, progress);
          test.put(domain, new Test(tokens, documents.size(), bytes(documents)));
        }
      }
      return new EncodedText(learned, validation, test);
    }
  }

  private static TokenStream stream(
      List<String> documents, Tokenizer tokenizer, int context, Progress progress) {
    List<int[]> encoded = new ArrayList<>();
    for (String document : documents) {
      encoded.add(tokenizer.encodePlain(document).ids());
      progress.update(encoded.size());
    }
    return TokenStream.of(encoded, endOfText(tokenizer), context);
  }

  /** Returns the id of what divides documents. */
  static int endOfText(Tokenizer tokenizer) {
    return tokenizer
        .id(END_OF_TEXT)
        .orElseThrow(() -> new IllegalArgumentException("tokenizer: has no token " + END_OF_TEXT));
  }

  private static long bytes(List<String> documents) {
    return documents.stream()
        .mapToLong(document -> document.getBytes(StandardCharsets.UTF_8).length)
        .sum();
  }
}
