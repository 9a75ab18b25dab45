package mechinterp.activation;

import java.io.IOException;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;

/** One run of a text through a model, batch by batch, until there are as many tokens as wanted. */
final class Harvest {
  private final Transformer model;
  private final WindowActivations activations;
  private final HarvestConfig config;
  private final int wanted;
  private final HarvestListener listener;
  private final ShardBuilder shards;
  private final MeanNorms norms;
  private int done;

  Harvest(
      Transformer model,
      List<HookPoint> hooks,
      HarvestConfig config,
      int wanted,
      HarvestListener listener,
      ShardBuilder.Output output) {
    this.model = model;
    this.activations = new WindowActivations(model, hooks);
    this.config = config;
    this.wanted = wanted;
    this.listener = listener;
    shards = new ShardBuilder(Site.width(activations.sites()), wanted, output);
    norms = new MeanNorms(activations.sites());
  }

  /**
   * Runs the text, hands its activations to the output, and returns what is stored of the hooks.
   */
  List<Site> run(Corpus corpus) throws IOException {
    try (WindowReader windows = new WindowReader(corpus.open(), model.tokenizer(), config)) {
      List<Window> batch = windows.take(wanted);
      while (!batch.isEmpty()) {
        activations.run(batch, wanted - done, this::keep);
        listener.harvested(done, wanted);
        batch = windows.take(wanted - done);
      }
      requireTokens(corpus, windows.documentsRead());
    }
    shards.finish();
    if (done < wanted) {
      listener.textEnded(done, wanted);
    }
    return norms.normalized(config.normalization());
  }

  private void requireTokens(Corpus corpus, int documents) throws FormatException {
    if (done == 0) {
      throw new FormatException(
          "corpus " + corpus.name(),
          documents == 0
              ? "has no text; at least one document is needed"
              : "has %d documents and no token in them; at least one is needed"
                  .formatted(documents));
    }
  }

  private void keep(Window window, int keptToken, float[] row) throws IOException {
    norms.add(row, 0);
    int id = window.ids()[window.firstKept() + keptToken];
    shards.add(row, 0, id, window.document(), window.position(keptToken));
    done++;
  }
}
