package mechinterp.experiments.languagemodel;

import java.util.ArrayList;
import java.util.List;
import mechinterp.experiments.console.Progress;
import mechinterp.model.Transformer;
import mechinterp.training.LanguageModelLoss;

/** Measures a model and the Kneser-Ney trigram on the same held-out tokens. */
final class DomainLosses {
  private DomainLosses() {}

  static List<DomainResult> of(Transformer model, EncodedText text, Progress.Display display) {
    KneserNey trigram = KneserNey.train(text.training(), model.tokenizer().vocabularySize());
    List<DomainResult> results = new ArrayList<>();
    long tokens = text.test().values().stream().mapToLong(test -> test.tokens().tokens()).sum();
    try (Progress progress = display.start("test", tokens, "tokens")) {
      long done = 0;
      for (var entry : text.test().entrySet()) {
        EncodedText.Test test = entry.getValue();
        double nats = LanguageModelLoss.of(model, test.tokens()).total();
        results.add(DomainResult.of(entry.getKey(), test, nats, trigram.loss(test.tokens())));
        done += test.tokens().tokens();
        progress.update(done);
      }
    }
    return results;
  }
}
