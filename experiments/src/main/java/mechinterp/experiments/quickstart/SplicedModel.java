package mechinterp.experiments.quickstart;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import mechinterp.analysis.SplicedEmbeddings;
import mechinterp.experiments.console.Progress;
import mechinterp.metrics.Splice;
import mechinterp.metrics.SplicedLoss;
import mechinterp.model.TokenBatch;
import mechinterp.tokenizer.Tokenizer;

/**
 * What the model still does with reconstructions in the place of activations: a language model
 * predicts the next token, a sentence encoder embeds texts.
 *
 * @param embedding of a sentence encoder
 * @param nextToken of a language model
 */
record SplicedModel(
    Optional<SplicedEmbeddings.Result> embedding, Optional<SplicedLoss.Result> nextToken) {
  private static final int TEXTS_AT_ONCE = 16;

  /** Measures on texts, cut to {@code maxTokens} tokens. */
  static SplicedModel measure(
      Splice splice, List<String> texts, int maxTokens, Progress.Display display) {
    return splice.model().config().unembed().isPresent()
        ? new SplicedModel(
            Optional.empty(), Optional.of(nextToken(splice, texts, maxTokens, display)))
        : new SplicedModel(
            Optional.of(embedding(splice, texts, maxTokens, display)), Optional.empty());
  }

  private static SplicedEmbeddings.Result embedding(
      Splice splice, List<String> texts, int maxTokens, Progress.Display display) {
    SplicedEmbeddings embeddings = new SplicedEmbeddings(splice);
    inParts(texts, display, part -> embeddings.add(part, maxTokens));
    return embeddings.result();
  }

  private static SplicedLoss.Result nextToken(
      Splice splice, List<String> texts, int maxTokens, Progress.Display display) {
    SplicedLoss loss = new SplicedLoss(splice);
    Tokenizer tokenizer = splice.model().tokenizer();
    inParts(
        texts,
        display,
        part -> {
          List<int[]> sequences = new ArrayList<>();
          part.forEach(text -> sequences.add(tokenizer.encodeFromBos(text, maxTokens)));
          loss.add(TokenBatch.ofIds(sequences));
        });
    return loss.result();
  }

  private static void inParts(
      List<String> texts, Progress.Display display, Consumer<List<String>> add) {
    try (Progress progress = display.start("splice", texts.size(), "texts")) {
      for (int first = 0; first < texts.size(); first += TEXTS_AT_ONCE) {
        int end = Math.min(texts.size(), first + TEXTS_AT_ONCE);
        add.accept(texts.subList(first, end));
        progress.update(end);
      }
    }
  }
}
